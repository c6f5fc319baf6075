import { setTimeout as sleep } from 'node:timers/promises'
import type { Ollama } from 'ollama'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { QuantvoxError } from '../errors.ts'
import { clientFor } from './client.ts'
import { asLlmError, foreignProtocol } from './failures.ts'
import { type ChatOptions, keepAliveFor } from './respond.ts'

/** A tensor of a model as Ollama stores it: its name, ggml type (for instance `Q4_K`) and dimensions. */
export type Tensor = { name: string; type: string; shape: number[] }
export type LoggedToken = { token: string; logprob: number }
/** What a model would say next (null: end its text), most likely first, natural logarithms. */
export type NextToken = { chosen: string | null; top: LoggedToken[] }

/** What a comparison asks of Ollama beside chat. Throws the errors of `asLlmError` and `model_not_found`. */
export type ModelProbe = {
  /** The real types of all tensors of a tag. */
  tensors(model: string, signal: AbortSignal): Promise<Tensor[]>
  /** Loads a tag with the options of chat, so that chat does not load it again. Milliseconds. */
  load(options: ChatOptions, signal: AbortSignal): Promise<number>
  /** Unloads a tag; settles when Ollama no longer lists it. */
  unload(model: string, signal: AbortSignal): Promise<void>
  /** The next token after `prefix`, without a chat template; null from an Ollama that does not tell (before 0.12.11). */
  nextToken(prefix: string, options: ChatOptions, signal: AbortSignal): Promise<NextToken | null>
}

/** Ollama stops a runner beside the answer; a large model takes a moment to give its memory back. */
const UNLOADED_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 20
const TOP_TOKENS = 20

const Shown = Type.Object({
  tensors: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), type: Type.String(), shape: Type.Array(Type.Integer()) })),
  ),
})
const Running = Type.Object({ models: Type.Array(Type.Object({ name: Type.String() })) })
const Done = Type.Object({ done: Type.Literal(true) })
const Token = Type.Object({ token: Type.String(), logprob: Type.Number() })
const Predicted = Type.Object({
  done: Type.Literal(true),
  done_reason: Type.Optional(Type.String()),
  // Absent where the model ends its text at once (Ollama tells output tokens only), and from an Ollama before 0.12.11.
  logprobs: Type.Optional(Type.Array(Type.Object({ ...Token.properties, top_logprobs: Type.Array(Token) }))),
})

export function createModelProbe(url: (signal: AbortSignal) => Promise<string>): ModelProbe {
  async function ask<T extends TSchema>(
    schema: T,
    request: (client: Ollama) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<Static<T>> {
    const host = await url(signal)
    try {
      const answer = await request(clientFor(host, signal))
      if (Value.Check(schema, answer)) return answer
      throw foreignProtocol(host)
    } catch (error) {
      signal.throwIfAborted()
      throw asLlmError(error, host)
    }
  }

  const isLoaded = async (model: string, signal: AbortSignal) =>
    (await ask(Running, client => client.ps(), signal)).models.some(({ name }) => name === model)

  return {
    tensors: async (model, signal) =>
      (await ask(Shown, client => client.show({ model }), signal)).tensors ?? [],
    async load(chat, signal) {
      const startedAt = performance.now()
      const request = {
        ...{ model: chat.model, prompt: '', stream: false as const, keep_alive: keepAliveFor(chat) },
        options: { num_ctx: chat.numCtx },
      }
      await ask(Done, client => client.generate(request), signal)
      return performance.now() - startedAt
    },
    async unload(model, signal) {
      await ask(Done, client => client.generate({ model, prompt: '', keep_alive: 0, stream: false }), signal)
      const deadline = performance.now() + UNLOADED_WITHIN_MS
      while (await isLoaded(model, signal)) {
        if (performance.now() > deadline) throw stillLoaded(model)
        await sleep(LOOK_AGAIN_MS, undefined, { signal })
      }
    },
    async nextToken(prefix, chat, signal) {
      const request = {
        ...{ model: chat.model, prompt: prefix, raw: true, stream: false as const },
        keep_alive: keepAliveFor(chat),
        ...{ logprobs: true, top_logprobs: TOP_TOKENS },
        options: { num_ctx: chat.numCtx, num_predict: 1, temperature: 0 },
      }
      const { done_reason, logprobs = [] } = await ask(Predicted, client => client.generate(request), signal)
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
