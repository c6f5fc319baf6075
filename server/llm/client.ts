import { Ollama } from 'ollama'
import type { Static, TSchema } from 'typebox'
import Value from 'typebox/value'
import { patiently } from '../abort.ts'
import { authorizationFor } from '../credentials.ts'
import { QuantvoxError } from '../errors.ts'
import { viaProxy } from '../proxies.ts'
import { responseText } from '../responseText.ts'
import { type Routing, routedBy, routingHeaders } from '../shared/routed.ts'
import { wholeJsonLines } from './chatLines.ts'
import { asLlmError, crowded, failedAtWork, foreignProtocol, tooSlow } from './failures.ts'

/** Until a chat's headers, which come with its first token, or a whole answer that a model makes: both may load it first. */
const MODEL_TIMEOUT_MS = 180_000
/**
 * For a whole answer of what Ollama knows without a model: it gives those at once, whatever its models do. Shorter than a client is kept
 * waiting for what is loading (10 s): it would be told that nothing is wrong.
 */
const LOOKUP_TIMEOUT_MS = 8_000
/** Lists of models, and one with the names and types of all its tensors, are far smaller. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20
const MAX_REFUSAL_BYTES = 64 * 2 ** 10

/**
 * A client for one turn. Its `fetch` adds the turn's signal, because the client's own `abort()` ends every stream of
 * the object and can do nothing before headers arrive. Bad statuses become errors here: the client would print them.
 */
export function clientFor(url: string, signal: AbortSignal, routing: Routing = {}): Ollama {
  return new Ollama({
    host: url,
    headers: { ...authorizationFor(url), ...routingHeaders(routing) },
    fetch: async (input, init) => {
      const path = new URL(String(input)).pathname
      const limitMs = /\/api\/(chat|generate)$/.test(path) ? MODEL_TIMEOUT_MS : LOOKUP_TIMEOUT_MS
      const either = init?.signal ? AbortSignal.any([signal, init.signal]) : signal
      const late = () => tooSlow(`did not answer within ${limitMs / 1000} s`)
      try {
        return await patiently(limitMs, either, late, async stop => {
          const response = await fetch(input, { ...init, signal: stop })
          if (!response.ok) throw await statusError(response, url)
          routing.onAnswer?.(routedBy(name => response.headers.get(name)))
          if (response.body !== null && path.endsWith('/api/chat'))
            return new Response(response.body.pipeThrough(wholeJsonLines(url)), response)
          return new Response(await responseText(response, MAX_ANSWER_BYTES), response)
        })
      } catch (error) {
        signal.throwIfAborted()
        throw asLlmError(error, url)
      }
    },
  })
}

/** Where Ollama is; throws `engine_unavailable`. */
export type FindHost = (signal: AbortSignal) => Promise<string>

/** Told of a request that failed at `host`: gives what became of Ollama, or `error` where that is not known. */
export type Explain = (error: QuantvoxError, host: string) => Promise<QuantvoxError>

/** One request whose answer is held against `schema`. Throws the errors of `asLlmError`, explained, or the signal's reason. */
export async function ask<T extends TSchema>(
  find: FindHost,
  schema: T,
  request: (client: Ollama) => Promise<unknown>,
  signal: AbortSignal,
  explain: Explain = async error => error,
  routing?: Routing,
): Promise<Static<T>> {
  const host = await find(signal)
  try {
    const answer = await request(clientFor(host, signal, routing))
    if (Value.Check(schema, answer)) return answer
    throw foreignProtocol(host)
  } catch (error) {
    signal.throwIfAborted()
    throw await explain(asLlmError(error, host), host)
  }
}

async function statusError(response: Response, url: string): Promise<QuantvoxError> {
  const body = (await responseText(response, MAX_REFUSAL_BYTES)).slice(0, 500)
  const said = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body.trim()
  if (response.status === 404 && /model/i.test(said)) {
    return new QuantvoxError('model_not_found', `Ollama has no such model (${said}).`)
  }
  if (response.status === 400 && /does not support tools/.test(said)) {
    return new QuantvoxError('invalid_request', `The model cannot call tools (${said}).`, {
      mend: 'Ask without tools, or a model that has them, such as qwen3 or llama3.2.',
      param: 'tools',
    })
  }
  if (response.status === 400 && /exceeds? .{0,20}context length/.test(said)) {
    return new QuantvoxError(
      'context_exceeded',
      `The messages have no room in the context window (${said}).`,
      {
        mend: 'Send fewer or shorter ones, or set NUM_CTX higher.',
        param: 'messages',
      },
    )
  }
  const told = `Ollama at ${url}${viaProxy(url)} answered ${response.status}: ${said || 'nothing'}.`
  // Of Ollama, and of a router in front of several: what waits is as much as may wait, or waited as long as it may.
  return response.status === 503 ? crowded(told) : failedAtWork(told)
}
