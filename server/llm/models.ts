import Type, { type Static } from 'typebox'
import { QuantvoxError } from '../errors.ts'
import { nearestNames } from '../nearest.ts'
import type { LanguageModel } from '../protocol/models.ts'
import { ask, type FindHost } from './client.ts'

const text = Type.Optional(Type.String())
const Details = Type.Optional(Type.Object({ family: text, parameter_size: text, quantization_level: text }))
const Tags = Type.Object({
  models: Type.Array(
    Type.Object({ name: Type.String(), digest: Type.String(), size: Type.Number(), details: Details }),
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
const Shown = Type.Object({ modelfile: Type.String() })

export type LanguageModels = ReturnType<typeof createLanguageModels>

/** What is loaded now. Throws the errors of `ask`. */
export const loadedModels = async (host: FindHost, signal: AbortSignal) =>
  (await ask(host, Loaded, client => client.ps(), signal)).models

/** Embedding models answer nothing. `/api/tags` does not tell them apart, but their families and names do. */
function canChat({ name, details }: Static<typeof Tags>['models'][number]): boolean {
  return !/bert/i.test(details?.family ?? '') && !/embed|minilm|(^|\/)bge-|paraphrase/i.test(name)
}

/** The models that the Ollama at `host` has. Throws the errors of `ask`. */
export function createLanguageModels(host: FindHost) {
  async function list(signal: AbortSignal): Promise<LanguageModel[]> {
    const [tags, loaded] = await Promise.all([
      ask(host, Tags, client => client.list(), signal),
      loadedModels(host, signal),
    ])
    const running = new Map(loaded.map(model => [model.name, model]))
    return tags.models.filter(canChat).map(model => {
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
      }
    })
  }

  const weights = new Map<string, string | null>()

  return {
    /** All installed tags, with what is loaded and how much memory Ollama estimates for it. */
    list,
    /** sha256 of the weights' file, by which a runner process is told from another; null where Ollama does not say. */
    async weightsDigest({ name, digest }: LanguageModel, signal: AbortSignal): Promise<string | null> {
      const key = digest ?? name
      const known = weights.get(key)
      if (known !== undefined) return known
      const { modelfile } = await ask(host, Shown, client => client.show({ model: name }), signal)
      const found = /^FROM .*sha256-([0-9a-f]{64})/m.exec(modelfile)?.[1] ?? null
      weights.set(key, found)
      return found
    },
    /** One tag as it is now. Throws `model_not_found` that names the nearest installed ones. */
    async find(name: string, signal: AbortSignal): Promise<LanguageModel> {
      const models = await list(signal)
      const found = models.find(model => model.name === name || model.name === `${name}:latest`)
      if (found) return found
      throw unknownLanguageModel(
        name,
        models.map(model => model.name),
      )
    },
  }
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
