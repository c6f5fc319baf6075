import { inPlace, warm } from '../llm/lease.ts'
import type { ModelCost } from '../protocol/socketServer.ts'
import type { Wanted } from './settings.ts'
import type { Stages } from './stages.ts'

export type LoadedModel = { name: string; residentBytes: number | null }
/** What the engines hold in memory now. */
export type LoadedModels = { speech: LoadedModel[]; language: LoadedModel[] }

export type SwitchDependencies = {
  stages: Stages
  loadedModels(signal: AbortSignal): Promise<LoadedModels>
  owner: string
}

/**
 * What is wanted, where it is all there, with the language model's name as it is listed. Throws `model_not_found` and what the engines
 * throw.
 */
export async function checkWanted<W extends Partial<Wanted>>(
  wanted: W,
  stages: Stages,
  signal: AbortSignal,
): Promise<W> {
  if (wanted.voice !== undefined) stages.voice(wanted.voice)
  const [model] = await Promise.all([
    wanted.llmModel === undefined ? null : stages.languageModel(wanted.llmModel, signal),
    wanted.speechModel === undefined ? null : stages.speechLevel(wanted.speechModel, signal),
  ])
  return model === null ? wanted : { ...wanted, llmModel: model.name }
}

/** Loads and warms what is wanted beside running turns, and says what that cost. */
export async function prepare(
  wanted: Partial<Wanted>,
  dependencies: SwitchDependencies,
  signal: AbortSignal,
): Promise<{ llm?: ModelCost; speech?: ModelCost }> {
  const { stages } = dependencies
  if (wanted.voice !== undefined) stages.voice(wanted.voice)
  const [llm, speech] = await Promise.all([
    wanted.llmModel === undefined ? null : prepareLanguage(wanted.llmModel, dependencies, signal),
    wanted.speechModel === undefined ? null : prepareSpeech(wanted.speechModel, dependencies, signal),
  ])
  return { ...(llm === null ? {} : { llm }), ...(speech === null ? {} : { speech }) }
}

async function prepareLanguage(
  name: string,
  { stages, loadedModels, owner }: SwitchDependencies,
  signal: AbortSignal,
) {
  const model = await stages.languageModel(name, signal)
  const before = (await loadedModels(signal)).language
  const isOurs = model.contextTokens === null || model.contextTokens <= stages.settings.contextTokens
  const load = () =>
    inPlace(stages.llm, model, owner, signal, lease => warm(lease, stages.settings.systemPrompt, signal))
  const loadMs = model.loaded && isOurs ? null : await load()
  return cost(model.name, loadMs, before, (await loadedModels(signal)).language)
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
