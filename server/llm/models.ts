import { distance } from 'fastest-levenshtein'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { QuantvoxError } from '../errors.ts'
import type { LanguageModel } from '../protocol/models.ts'
import { clientFor } from './client.ts'
import { asLlmError, foreignProtocol } from './failures.ts'

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
      digest: Type.String(),
      size: Type.Number(),
      size_vram: Type.Optional(Type.Number()),
    }),
  ),
})

const Shown = Type.Object({ modelfile: Type.String() })

export type LanguageModels = {
  /** All installed tags, with what is loaded and how much memory Ollama estimates for it. */
  list(signal: AbortSignal): Promise<LanguageModel[]>
  /** One tag as it is now. Throws `model_not_found` that names the nearest installed ones. */
  find(name: string, signal: AbortSignal): Promise<LanguageModel>
  /** sha256 of the weights' file, by which a runner process is told from another; null where Ollama does not say. */
  weightsDigest(model: LanguageModel, signal: AbortSignal): Promise<string | null>
}

/** The models that the Ollama at `url` has. Throws the errors of `asLlmError`. */
export function createLanguageModels(url: (signal: AbortSignal) => Promise<string>): LanguageModels {
  async function list(signal: AbortSignal): Promise<LanguageModel[]> {
    const host = await url(signal)
    const client = clientFor(host, signal)
    try {
      const [tags, loaded] = await Promise.all([client.list(), client.ps()])
      const running = new Map(checked(Loaded, loaded, host).models.map(model => [model.name, model]))
      return checked(Tags, tags, host).models.map(model => {
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
          residentBytes: live?.size ?? null,
          gpuShare: live === undefined || live.size === 0 ? null : (live.size_vram ?? 0) / live.size,
        }
      })
    } catch (error) {
      signal.throwIfAborted()
      throw asLlmError(error, host)
    }
  }

  const weights = new Map<string, string | null>()

  return {
    list,
    async weightsDigest(model, signal) {
      const known = weights.get(model.digest ?? model.name)
      if (known !== undefined) return known
      const host = await url(signal)
      try {
        const shown = await clientFor(host, signal).show({ model: model.name })
        const digest =
          /^FROM .*sha256-([0-9a-f]{64})/m.exec(checked(Shown, shown, host).modelfile)?.[1] ?? null
        weights.set(model.digest ?? model.name, digest)
        return digest
      } catch (error) {
        signal.throwIfAborted()
        throw asLlmError(error, host)
      }
    },
    async find(name, signal) {
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
  const sameFamily = installed.filter(tag => tag.split(':')[0] === name.split(':')[0])
  const near = (sameFamily.length > 0 ? sameFamily : installed)
    .toSorted((a, b) => distance(name, a) - distance(name, b))
    .slice(0, 4)
  return new QuantvoxError('model_not_found', `The language model "${name}" is not installed.`, {
    meaning: near.length > 0 ? `Installed are ${near.join(', ')}.` : 'No language model is installed.',
    mend: `Choose an installed one, or run "npx quantvox models pull ${name}".`,
  })
}

function checked<T extends TSchema>(schema: T, value: unknown, host: string): Static<T> {
  if (Value.Check(schema, value)) return value
  throw foreignProtocol(host)
}
