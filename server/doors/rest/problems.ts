import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type ErrorCode, errorTable, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Problem } from '../../protocol/problem.ts'

/** Characters of a refusal in the log. */
const MOST_LOGGED = 100

/** Every error of every route as RFC 9457 problem details with a code, and unknown routes as `not_found`. */
const problems: FastifyPluginAsync = async app => {
  app.setErrorHandler((error: FastifyError, request, reply) =>
    sendProblem(reply, loggedError(error, request)),
  )
  // Expectations may be left out of account (RFC 9110, 10.1.1); Node would answer 417 without a word.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new QuantvoxError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`, {
        mend: 'See /docs for what there is.',
      }),
    ),
  )
}

export default fp(problems, { name: 'problems', fastify: '5.x' })

/** A message may repeat what a client sent, which is of any length and may steer a terminal. */
const excerpt = (text: string) =>
  (text.length > MOST_LOGGED ? `${text.slice(0, MOST_LOGGED - 1)}…` : text).replace(/\p{Cc}/gu, ' ')

/** Whatever a request fails with in our codes, logged. */
export function loggedError(error: FastifyError, request: FastifyRequest): QuantvoxError {
  const known = fromFastify(error)
  if (known.code === 'internal') request.log.error({ err: error }, 'request failed')
  else request.log.info({ code: known.code, address: request.ip }, excerpt(known.message))
  return known
}

/** What is not even HTTP, or too much of it: there is no request yet, and after it no next one on this connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const [status, known] = unreadable(error.code)
    const body = JSON.stringify({ ...problemOf(known), status })
    socket.write(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'Content-Type: application/problem+json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        `\r\n${body}`,
      ].join('\r\n'),
    )
  }
  socket.destroy(error)
}

function unreadable(code: string | undefined): [status: number, QuantvoxError] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, new QuantvoxError('invalid_request', 'The request did not come to its end in time.')]
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [431, new QuantvoxError('too_large', 'The headers of the request are larger than 16 KiB.')]
    default:
      return [400, new QuantvoxError('invalid_request', 'This is not HTTP/1.1 as it can be read here.')]
  }
}

/** Sends `error` as problem details; `turnId` names the row that was written all the same. */
export function sendProblem(reply: FastifyReply, error: QuantvoxError, turnId?: string): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  return reply
    .code(errorTable[error.code].http)
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ ...problemOf(error), ...(turnId === undefined ? {} : { turnId }) } satisfies Problem)
}

function problemOf(error: QuantvoxError): Problem {
  return {
    type: `urn:quantvox:error:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status: errorTable[error.code].http,
    detail: error.message,
    code: error.code,
    ...(error.meaning === undefined ? {} : { meaning: error.meaning }),
    ...(error.mend === undefined ? {} : { mend: error.mend }),
  }
}

const codesByStatus: Record<number, ErrorCode> = {
  401: 'unauthorized',
  // A plugin's files, with a path that leads out of their folder.
  403: 'not_found',
  404: 'not_found',
  405: 'not_found',
  413: 'too_large',
  414: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  503: 'shutting_down',
}

/** Refusals of Fastify and its plugins (bad JSON, body too large, wrong media type, closing) in our codes. */
function fromFastify(error: FastifyError): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const { statusCode = 500 } = error
  const code = codesByStatus[statusCode] ?? (statusCode >= 400 && statusCode < 500 ? 'invalid_request' : null)
  if (code === null) return toQuantvoxError(error)
  const message = error.message.endsWith('.') ? error.message : `${error.message}.`
  const retry = code === 'shutting_down' ? { retryAfterSeconds: 5 } : {}
  return new QuantvoxError(code, message, { cause: error, ...retry })
}
