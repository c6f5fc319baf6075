import { QuantvoxError } from '../errors.ts'
import { inPlace, warm } from '../llm/warm.ts'
import type { ModelCost } from '../protocol/socketServer.ts'
import type { Wanted } from './settings.ts'
import type { Stages } from './stages.ts'

const engineTroubles: ReadonlySet<string> = new Set(['engine_unavailable', 'engine_failed', 'engine_timeout'])

export type LoadedModel = { name: string; residentBytes: number | null }
/** What the engines hold in memory now. */
export type LoadedModels = { speech: LoadedModel[]; language: LoadedModel[] }

export type SwitchDependencies = {
  stages: Stages
  loadedModels(signal: AbortSignal): Promise<LoadedModels>
  owner: string
  loads: LanguageLoads
}

/** Loads of language models for one session. Null where another is wanted since, and then the load is broken off. */
export type LanguageLoads = <T>(
  request: number,
  name: string,
  load: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T | null>

/** The last request that found its model wins: what loads for others would keep the place at the language model from it. */
export function createLanguageLoads(): LanguageLoads {
  const underWay = new Map<AbortController, string>()
  let last = 0
  return async (request, name, load, signal) => {
    if (request < last) return null
    last = request
    for (const [stop, other] of underWay) if (other !== name) stop.abort(new Error('another model is wanted'))
    const stop = new AbortController()
    underWay.set(stop, name)
    try {
      return await load(AbortSignal.any([signal, stop.signal]))
    } catch (error) {
      signal.throwIfAborted()
      if (stop.signal.aborted) return null
      throw error
    } finally {
      underWay.delete(stop)
    }
  }
}

/**
 * What is wanted, where it is all there, with the language model's name as it is listed. Throws `model_not_found` and what the language
 * model's engine throws; a speech engine that fails says so in the turn that needs it, as typed ones need none.
 */
export async function checkWanted<W extends Partial<Wanted>>(
  wanted: W,
  stages: Stages,
  signal: AbortSignal,
): Promise<W> {
  if (wanted.voice !== undefined) stages.voice(wanted.voice)
  const [model] = await Promise.all([
    wanted.llmModel === undefined ? null : stages.languageModel(wanted.llmModel, signal),
    wanted.speechModel === undefined ? null : knownLevel(wanted.speechModel, stages, signal),
  ])
  return model === null ? wanted : { ...wanted, llmModel: model.name }
}

async function knownLevel(name: string, { speechLevel }: Stages, signal: AbortSignal): Promise<void> {
  try {
    await speechLevel(name, signal)
  } catch (error) {
    if (!(error instanceof QuantvoxError) || !engineTroubles.has(error.code)) throw error
  }
}

/** Loads and warms what is wanted beside running turns, and says what that cost; without `llm` where another is wanted since. */
export async function prepare(
  request: number,
  wanted: Partial<Wanted>,
  dependencies: SwitchDependencies,
  signal: AbortSignal,
): Promise<{ llm?: ModelCost; speech?: ModelCost }> {
  const { stages } = dependencies
  if (wanted.voice !== undefined) stages.voice(wanted.voice)
  const [llm, speech] = await Promise.all([
    wanted.llmModel === undefined ? null : prepareLanguage(request, wanted.llmModel, dependencies, signal),
    wanted.speechModel === undefined ? null : prepareSpeech(wanted.speechModel, dependencies, signal),
  ])
  return { ...(llm === null ? {} : { llm }), ...(speech === null ? {} : { speech }) }
}

async function prepareLanguage(
  request: number,
  name: string,
  { stages, loadedModels, owner, loads }: SwitchDependencies,
  signal: AbortSignal,
) {
  const model = await stages.languageModel(name, signal)
  const load = async (until: AbortSignal) => {
    const before = (await loadedModels(until)).language
    const warming = () =>
      inPlace(stages.llm, model, owner, until, async lease =>
        warm(lease, stages.settings.systemPrompt, until, await stages.tools.offered(model, until)),
      )
    const loadMs = stages.llm.mustLoad(model) ? await warming() : null
    return cost(model.name, loadMs, before, (await loadedModels(until)).language)
  }
  return await loads(request, model.name, load, signal)
}

async function prepareSpeech(
  name: string,
  { stages, loadedModels, owner }: SwitchDependencies,
  signal: AbortSignal,
) {
  const level = await stages.speechLevel(name, signal)
  const before = (await loadedModels(signal)).speech
  const { loadMs } = await stages.recognizer.load(level, owner, signal)
  return cost(level.name, loadMs, before, (await loadedModels(signal)).speech)
}

function cost(name: string, loadMs: number | null, before: LoadedModel[], after: LoadedModel[]): ModelCost {
  const bytesIn = (models: LoadedModel[]) => models.find(model => model.name === name)?.residentBytes ?? null
  const stays = new Set(after.map(model => model.name))
  return {
    name,
    loadMs,
    residentBytesBefore: bytesIn(before),
    residentBytesAfter: bytesIn(after),
    evicted: before.map(model => model.name).filter(other => !stays.has(other)),
  }
}
