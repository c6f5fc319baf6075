import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { authorizationFor } from '../credentials.ts'
import { isAbort, QuantvoxError } from '../errors.ts'
import { type Routed, type Routing, routedBy, routingHeaders } from '../shared/routed.ts'

const MAX_ANSWER_BYTES = 8 * 2 ** 20

/**
 * One request to a speech engine, answered in JSON. An abort closes the connection, and that stops the engine's work. Each request
 * has a connection of its own: whisper-server closes idle ones, and a request that meets a closing one would fail for no reason.
 *
 * @param form the body, with its content type
 * @param timeoutMs for the whole request, waiting for another one in the engine included
 * @throws QuantvoxError `engine_unavailable` (no connection), `at_capacity` (no place within the router's time), `engine_failed` (broken off,
 * another error status or an answer that is none), `engine_timeout`; the signal's reason when aborted
 */
export async function askEngine<S extends TSchema>(
  url: URL,
  form: () => Promise<Response> | Response,
  schema: S,
  timeoutMs: number,
  signal: AbortSignal,
  routing: Routing = {},
): Promise<Static<S>> {
  signal.throwIfAborted()
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const within = AbortSignal.any([signal, timeout])
    const { status, body, by } = await post(url, await form(), routingHeaders(routing), within)
    if (status === 503) throw crowded(url)
    routing.onAnswer?.(by)
    if (status !== 200) {
      throw failed(
        `The speech engine answered with status ${status}: ${body.toString('utf8').trim().slice(0, 200)}`,
      )
    }
    return checkedAnswer(body, schema)
  } catch (error) {
    if (isAbort(error, signal)) throw signal.reason
    if (timeout.aborted) {
      throw new QuantvoxError('engine_timeout', `The speech engine took longer than ${timeoutMs / 1000} s.`, {
        meaning: 'It hung, or this machine is too slow for this model.',
        mend: 'Try again, or take a smaller speech model.',
      })
    }
    throw error
  }
}

type Answer = { status: number; body: Buffer; by: Routed | null }

async function post(
  url: URL,
  form: Response,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer> {
  const bytes = Buffer.from(await form.arrayBuffer())
  const type = form.headers.get('content-type')
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let connected = false
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    agent: false,
    signal,
    headers: {
      ...{ ...authorizationFor(url), ...headers },
      ...{ 'content-type': type ?? '', 'content-length': bytes.length },
    },
  })
  request.on('socket', socket => {
    socket.setNoDelay(true)
    socket.once('connect', () => {
      connected = true
    })
  })
  const fail = (error: Error) => {
    if (signal.aborted) reject(signal.reason)
    else
      reject(
        connected
          ? failed('The speech engine broke off in the middle of a request.', error)
          : unreachable(url, error),
      )
  }
  request.once('error', fail)
  request.once('response', response => {
    const parts: Buffer[] = []
    let length = 0
    response.on('data', (part: Buffer) => {
      length += part.length
      if (length > MAX_ANSWER_BYTES) {
        reject(failed('The answer of the speech engine is too large to be one.'))
        request.destroy()
      } else parts.push(part)
    })
    response.once('error', fail)
    const by = routedBy(name => response.headers[name]?.toString())
    response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), by }))
  })
  request.end(bytes)
  return promise
}

function checkedAnswer<S extends TSchema>(body: Buffer, schema: S): Static<S> {
  let answer: unknown
  try {
    answer = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw failed('The answer of the speech engine is not JSON.', cause)
  }
  if (!Check(schema, answer)) throw failed('The answer of the speech engine is not a transcription.')
  return answer
}

function failed(message: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('engine_failed', message, {
    mend: 'Try again; the server log has what the engine said.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function crowded(url: URL): QuantvoxError {
  return new QuantvoxError(
    'at_capacity',
    `The speech engines at ${url.origin} have no place for a request.`,
    {
      meaning: 'More is said at once than they take, or none of them is up.',
      mend: 'Try again in a moment; if it stays, add a host or start those that are down.',
      retryAfterSeconds: 2,
      recoverable: true,
    },
  )
}

function unreachable(url: URL, cause: Error): QuantvoxError {
  return new QuantvoxError('engine_unavailable', `The speech engine at ${url.origin} cannot be reached.`, {
    mend: 'Try again in a moment; if it was set by SPEECH_URL, see that it runs.',
    cause,
  })
}
