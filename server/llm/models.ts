import { LRUCache } from 'lru-cache'
import Type, { type Static } from 'typebox'
import { QuantvoxError } from '../errors.ts'
import { nearestNames } from '../nearest.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { Routed, Routing } from '../shared/routed.ts'
import { ask, type Explain, type FindHost } from './client.ts'
import { isSameTag } from './tagNames.ts'

const text = Type.Optional(Type.String())
/** Only of a tag that Ollama has run elsewhere. */
const remote = { remote_host: text, remote_model: text }
const Details = Type.Optional(Type.Object({ family: text, parameter_size: text, quantization_level: text }))
const Tags = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      digest: Type.String(),
      size: Type.Number(),
      details: Details,
      ...remote,
    }),
  ),
})
const Loaded = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      size: Type.Number(),
      size_vram: Type.Optional(Type.Number()),
      context_length: Type.Optional(Type.Integer()),
    }),
  ),
})
const Shown = Type.Object({
  modelfile: Type.String(),
  capabilities: Type.Optional(Type.Array(Type.String())),
  ...remote,
})

export type LanguageModels = ReturnType<typeof createLanguageModels>

/** What is loaded now. Throws the errors of `ask`. */
export const loadedModels = async (
  host: FindHost,
  signal: AbortSignal,
  explain?: Explain,
  routing?: Routing,
) => (await ask(host, Loaded, client => client.ps(), signal, explain, routing)).models

/** What one host behind a router said of a tag. `atMs` of `performance.now()`. */
export type ModelThere = Pick<LanguageModel, 'digest' | 'quantization' | 'parameterSize'> & {
  resident: (Pick<LanguageModel, 'residentBytes' | 'gpuShare'> & { atMs: number }) | null
}

/** Embedding models answer nothing. `/api/tags` does not tell them apart, but their families and names do. */
function canChat({ name, details }: Static<typeof Tags>['models'][number]): boolean {
  return !/bert/i.test(details?.family ?? '') && !/embed|minilm|(^|\/)bge-|paraphrase/i.test(name)
}

/** Also before Ollama is asked: by their names cloud models are known to older ones, too. */
function runsElsewhere(name: string, told: { remote_host?: string; remote_model?: string }): boolean {
  return Boolean(told.remote_host || told.remote_model) || /[:-]cloud$/i.test(name)
}

/**
 * The models that the Ollama at `host` has. Throws the errors of `ask`.
 * @param allowRemote whether tags that run elsewhere may be used
 */
export function createLanguageModels(host: FindHost, allowRemote = false, explain?: Explain) {
  const there = createModelsThere()
  const markOf = (isRemote: boolean) => (isRemote ? (allowRemote ? 'allowed' : 'refused') : null)
  async function list(signal: AbortSignal, affinity?: string): Promise<LanguageModel[]> {
    const by: Record<'tags' | 'loaded', string | null> = { tags: null, loaded: null }
    const toldBy = (what: keyof typeof by) => (routed: Routed | null) => {
      by[what] = routed?.host ?? null
    }
    const [tags, loaded] = await Promise.all([
      ask(host, Tags, client => client.list(), signal, explain, { affinity, onAnswer: toldBy('tags') }),
      loadedModels(host, signal, explain, { affinity, onAnswer: toldBy('loaded') }),
    ])
    const running = new Map(loaded.map(model => [model.name, model]))
    const models = tags.models.filter(canChat).map((model): LanguageModel => {
      const live = running.get(model.name)
      return {
        name: model.name,
        family: model.details?.family ?? null,
        parameterSize: model.details?.parameter_size ?? null,
        quantization: model.details?.quantization_level ?? null,
        sizeBytes: model.size,
        digest: model.digest,
        installed: true,
        loaded: live !== undefined,
        contextTokens: live?.context_length ?? null,
        residentBytes: live?.size ?? null,
        gpuShare: live === undefined || live.size === 0 ? null : (live.size_vram ?? 0) / live.size,
        remote: markOf(runsElsewhere(model.name, model)),
      }
    })
    const atMs = performance.now()
    for (const model of models) {
      const { digest, quantization, parameterSize, residentBytes, gpuShare } = model
      if (by.tags !== null) there.set(by.tags, model.name, { digest, quantization, parameterSize })
      if (by.loaded !== null)
        there.set(by.loaded, model.name, { resident: { residentBytes, gpuShare, atMs } })
    }
    return models
  }

  const shown = new Map<string, { weights: string | null; isRemote: boolean; callsTools: boolean }>()

  /** What only the model's own page tells; it is the same as long as its digest is. */
  async function show({ name, digest }: Pick<LanguageModel, 'name' | 'digest'>, signal: AbortSignal) {
    const key = `${name} ${digest}`
    const known = shown.get(key)
    if (known !== undefined) return known
    const answer = await ask(host, Shown, client => client.show({ model: name }), signal, explain)
    const weights = /^FROM .*sha256-([0-9a-f]{64})/m.exec(answer.modelfile)?.[1] ?? null
    const callsTools = answer.capabilities?.includes('tools') ?? false
    const found = { weights, isRemote: runsElsewhere(name, answer), callsTools }
    shown.set(key, found)
    return found
  }

  return {
    /** All installed tags, with what is loaded and how much memory Ollama estimates for it. */
    list,
    /** What a host behind a router said of a tag when it was listed last; null where that one was not heard of it. */
    there: there.get,
    /** sha256 of the weights' file, by which a runner process is told from another; null where Ollama does not say. */
    weightsDigest: async (model: LanguageModel, signal: AbortSignal): Promise<string | null> =>
      (await show(model, signal)).weights,
    /** Whether its template has a place for tools; Ollama refuses a request with tools where not. */
    callsTools: async (model: Pick<LanguageModel, 'name' | 'digest'>, signal: AbortSignal) =>
      (await show(model, signal)).callsTools,
    /**
     * One tag as it is now, by its name as Ollama takes it. Throws `model_not_found` that names the nearest installed ones,
     * `remote_model_refused` for one that runs elsewhere.
     * @param affinity as of `Routing`
     */
    async find(name: string, signal: AbortSignal, affinity?: string): Promise<LanguageModel> {
      const models = await list(signal, affinity)
      const found = models.find(model => isSameTag(model.name, name))
      if (found) {
        // Whatever it is named and listed as: nothing is asked of it before this is known.
        const isRemote = found.remote !== null || (await show(found, signal)).isRemote
        if (isRemote && !allowRemote) throw remoteModelRefused(found.name)
        return { ...found, remote: markOf(isRemote) }
      }
      throw unknownLanguageModel(
        name,
        models.map(model => model.name),
      )
    },
  }
}

/** Hosts and tags that are remembered at most. */
const MOST_THERE = 5000

function createModelsThere() {
  const known = new LRUCache<string, ModelThere>({ max: MOST_THERE })
  const unknown: ModelThere = { digest: null, quantization: null, parameterSize: null, resident: null }
  return {
    get: (host: string, name: string): ModelThere | null => known.get(`${host} ${name}`) ?? null,
    set(host: string, name: string, told: Partial<ModelThere>): void {
      const key = `${host} ${name}`
      known.set(key, { ...(known.get(key) ?? unknown), ...told })
    },
  }
}

function remoteModelRefused(name: string): QuantvoxError {
  return new QuantvoxError(
    'remote_model_refused',
    `The language model ${name} runs on somebody else's machine.`,
    {
      meaning: 'What is said would leave this one, so it is not used.',
      mend: 'Choose another, or set ALLOW_REMOTE_MODELS=true.',
    },
  )
}

/** `model_not_found` that names what is there and the command that fetches what is not. */
export function unknownLanguageModel(name: string, installed: string[]): QuantvoxError {
  const near = nearestNames(name, installed)
  const shown = near.length > 0 ? near : installed.slice(0, 4)
  return new QuantvoxError('model_not_found', `The language model "${name}" is not installed.`, {
    meaning: shown.length > 0 ? `Installed are ${shown.join(', ')}.` : 'No language model is installed.',
    mend: `Choose an installed one, or run "npx quantvox models pull ${name}".`,
  })
}
