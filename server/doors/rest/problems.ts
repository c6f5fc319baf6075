import type { FastifyError, FastifyPluginAsync, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { type ErrorCode, errorTable, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Problem } from '../../protocol/problem.ts'

/** Every error of every route as RFC 9457 problem details with a code, and unknown routes as `not_found`. */
const problems: FastifyPluginAsync = async app => {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = fromFastify(error)
    if (known.code === 'internal') request.log.error({ err: error }, 'request failed')
    else request.log.info({ code: known.code }, known.line)
    return sendProblem(reply, known)
  })
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

/** Sends `error` as problem details; `turnId` names the row that was written all the same. */
export function sendProblem(reply: FastifyReply, error: QuantvoxError, turnId?: string): FastifyReply {
  const { http } = errorTable[error.code]
  const problem: Problem = {
    type: `urn:quantvox:error:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status: http,
    detail: error.message,
    code: error.code,
    ...(error.meaning === undefined ? {} : { meaning: error.meaning }),
    ...(error.mend === undefined ? {} : { mend: error.mend }),
    ...(turnId === undefined ? {} : { turnId }),
  }
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  return reply
    .code(http)
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem)
}

const codesByStatus: Record<number, ErrorCode> = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'not_found',
  413: 'too_large',
  415: 'unsupported_media_type',
  503: 'shutting_down',
}

/** Fastify's own refusals (bad JSON, body too large, wrong media type, closing) in our codes. */
function fromFastify(error: FastifyError): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const code = codesByStatus[error.statusCode ?? 500]
  if (code === undefined) return toQuantvoxError(error)
  const message = error.message.endsWith('.') ? error.message : `${error.message}.`
  const retry = code === 'shutting_down' ? { retryAfterSeconds: 5 } : {}
  return new QuantvoxError(code, message, { cause: error, ...retry })
}
