import { Ollama } from 'ollama'
import type { Static, TSchema } from 'typebox'
import Value from 'typebox/value'
import { authorizationFor } from '../credentials.ts'
import { QuantvoxError } from '../errors.ts'
import { viaProxy } from '../proxies.ts'
import { wholeJsonLines } from './chatLines.ts'
import { asLlmError, foreignProtocol, tooSlow } from './failures.ts'

/** How long Ollama may take to send headers: it sends them with the first token, so this covers a cold load. */
const HEADERS_TIMEOUT_MS = 180_000

/**
 * A client for one turn. Its `fetch` adds the turn's signal, because the client's own `abort()` ends every stream of
 * the object and can do nothing before headers arrive. Bad statuses become errors here: the client would print them.
 */
export function clientFor(url: string, signal: AbortSignal): Ollama {
  return new Ollama({
    host: url,
    headers: authorizationFor(url),
    fetch: async (input, init) => {
      const patience = new AbortController()
      const timer = setTimeout(() => patience.abort(), HEADERS_TIMEOUT_MS)
      const signals = [signal, patience.signal, ...(init?.signal ? [init.signal] : [])]
      try {
        const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
        if (!response.ok) throw await statusError(response, url)
        if (response.body === null || !String(input).endsWith('/api/chat')) return response
        return new Response(response.body.pipeThrough(wholeJsonLines(url)), response)
      } catch (error) {
        signal.throwIfAborted()
        if (patience.signal.aborted) throw tooSlow(`did not answer within ${HEADERS_TIMEOUT_MS / 1000} s`)
        throw asLlmError(error, url)
      } finally {
        clearTimeout(timer)
      }
    },
  })
}

/** Where Ollama is; throws `engine_unavailable`. */
export type FindHost = (signal: AbortSignal) => Promise<string>

/** One request whose answer is held against `schema`. Throws the errors of `asLlmError`, or the signal's reason. */
export async function ask<T extends TSchema>(
  find: FindHost,
  schema: T,
  request: (client: Ollama) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Static<T>> {
  const host = await find(signal)
  try {
    const answer = await request(clientFor(host, signal))
    if (Value.Check(schema, answer)) return answer
    throw foreignProtocol(host)
  } catch (error) {
    signal.throwIfAborted()
    throw asLlmError(error, host)
  }
}

async function statusError(response: Response, url: string): Promise<QuantvoxError> {
  const body = (await response.text()).slice(0, 500)
  const said = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body.trim()
  if (response.status === 404 && /model/i.test(said)) {
    return new QuantvoxError('model_not_found', `Ollama has no such model (${said}).`)
  }
  return new QuantvoxError(
    'engine_failed',
    `Ollama at ${url}${viaProxy(url)} answered ${response.status}: ${said || 'nothing'}.`,
    {
      meaning: 'This reply is lost; the next one may work.',
      mend: "Try again; if it stays, look at Ollama's log.",
    },
  )
}
