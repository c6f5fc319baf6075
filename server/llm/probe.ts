import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { QuantvoxError } from '../errors.ts'
import { ask, type FindHost } from './client.ts'
import { loadedModels } from './models.ts'
import { type ChatSettings, keepAliveFor, loadOptions } from './respond.ts'

/** A tensor of a model as Ollama stores it: its name, ggml type (for instance `Q4_K`) and dimensions. */
export type Tensor = { name: string; type: string; shape: number[] }
export type LoggedToken = { token: string; logprob: number }
/** What a model would say next (null: end its text), most likely first, natural logarithms. */
export type NextToken = { chosen: string | null; top: LoggedToken[] }

/** What a comparison asks of Ollama beside chat, in its place there. Throws the errors of `ask`. */
export type ModelProbe = ReturnType<typeof createModelProbe>

/** Ollama stops a runner beside the answer; a large model takes a moment to give its memory back. */
const UNLOADED_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 20
const TOP_TOKENS = 20

const Shown = Type.Object({
  tensors: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), type: Type.String(), shape: Type.Array(Type.Integer()) })),
  ),
})
const Done = Type.Object({ done: Type.Literal(true) })
const Token = Type.Object({ token: Type.String(), logprob: Type.Number() })
const Predicted = Type.Object({
  done: Type.Literal(true),
  done_reason: Type.Optional(Type.String()),
  // Absent where the model ends its text at once (Ollama tells output tokens only), and from an Ollama before 0.12.11.
  logprobs: Type.Optional(Type.Array(Type.Object({ ...Token.properties, top_logprobs: Type.Array(Token) }))),
})

export function createModelProbe(
  host: FindHost,
  chat: Pick<ChatSettings, 'numCtx' | 'numThread' | 'keepAlive' | 'affinity' | 'isSpare'>,
) {
  return {
    /** The real types of all tensors of a tag. */
    tensors: async (model: string, signal: AbortSignal): Promise<Tensor[]> =>
      (await ask(host, Shown, client => client.show({ model }), signal)).tensors ?? [],
    /** Loads a tag with the options of chat, so that chat does not load it again. Milliseconds. */
    async load(model: string, signal: AbortSignal): Promise<number> {
      const startedAt = performance.now()
      const request = {
        ...{ model, prompt: '', stream: false as const },
        ...keepAliveFor(chat),
        options: loadOptions(chat),
      }
      await ask(host, Done, client => client.generate(request), signal)
      return performance.now() - startedAt
    },
    /** Unloads a tag; settles when Ollama no longer lists it. */
    async unload(model: string, signal: AbortSignal): Promise<void> {
      const request = { model, prompt: '', stream: false as const, keep_alive: 0 }
      await ask(host, Done, client => client.generate(request), signal)
      const deadline = performance.now() + UNLOADED_WITHIN_MS
      while ((await loadedModels(host, signal)).some(({ name }) => name === model)) {
        if (performance.now() > deadline) throw stillLoaded(model)
        await sleep(LOOK_AGAIN_MS, undefined, { signal })
      }
    },
    /** The next token after `prefix`, without a chat template; null from an Ollama that does not tell (before 0.12.11). */
    async nextToken(prefix: string, model: string, signal: AbortSignal): Promise<NextToken | null> {
      const request = {
        ...{ model, prompt: prefix, raw: true, stream: false as const, ...keepAliveFor(chat) },
        ...{ logprobs: true, top_logprobs: TOP_TOKENS },
        options: { ...loadOptions(chat), num_predict: 1, temperature: 0 },
      }
      const { done_reason, logprobs = [] } = await ask(
        host,
        Predicted,
        client => client.generate(request),
        signal,
        undefined,
        { affinity: chat.affinity, isPartial: chat.isSpare ?? false },
      )
      const [first] = logprobs
      if (first === undefined) return done_reason === 'stop' ? { chosen: null, top: [] } : null
      const { token: chosen, top_logprobs: top } = first
      return { chosen, top: top.map(({ token, logprob }) => ({ token, logprob })) }
    },
  }
}

function stillLoaded(model: string): QuantvoxError {
  return new QuantvoxError('engine_timeout', `Ollama did not unload ${model} in time.`, {
    meaning: 'Its next load cannot be measured.',
    mend: 'Try again while nobody else uses this model.',
  })
}
