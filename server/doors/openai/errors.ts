import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import Type, { type Static } from 'typebox'
import { type ErrorCode, errorTable, QuantvoxError } from '../../errors.ts'
import { nullable } from '../../protocol/nullable.ts'
import { loggedError } from '../rest/problems.ts'

/** Routes with this tag answer errors as OpenAI does. */
export const OPENAI_TAG = 'OpenAI'

/** OpenAI's error body: its SDKs read nothing else. */
export const OpenAiError = Type.Object({
  error: Type.Object({
    message: Type.String(),
    type: Type.String({ description: 'invalid_request_error, rate_limit_error or server_error' }),
    param: nullable(Type.String({ description: 'field of the request' })),
    code: nullable(Type.String({ description: 'as in docs/protocol.md; of a wrong key invalid_api_key' })),
  }),
})
export type OpenAiError = Static<typeof OpenAiError>

/** What may go well a moment later; the SDKs would send the same again for the rest, too. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'rate_limited',
  'model_loading',
  'engine_unavailable',
  'engine_failed',
  'at_capacity',
  'record_unavailable',
  'shutting_down',
])

/** All that is known of an error is in its message, because clients show nothing else. */
export function openAiError(error: QuantvoxError): OpenAiError {
  const status = errorTable[error.code].http
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error'
  const code = error.code === 'unauthorized' ? 'invalid_api_key' : error.code
  const param = error.param ?? (error.code === 'model_not_found' ? 'model' : null)
  return { error: { message: error.line, type, param, code } }
}

/** Sends `error` as OpenAI words it, with what its SDKs go by in deciding to ask again. */
export function sendOpenAiError(reply: FastifyReply, error: QuantvoxError): FastifyReply {
  const { code, retryAfterSeconds } = error
  if (retryAfterSeconds !== undefined) {
    reply.headers({ 'retry-after': retryAfterSeconds, 'retry-after-ms': retryAfterSeconds * 1000 })
  }
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  return reply
    .code(errorTable[code].http)
    .header('x-should-retry', String(passing.has(code)))
    .type('application/json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(openAiError(error))
}

/** All routes of its scope answer errors as OpenAI does, and every answer has an `x-request-id`. */
const openAiErrors: FastifyPluginAsync = async app => {
  app.setErrorHandler((error: FastifyError, request: FastifyRequest, reply) =>
    sendOpenAiError(reply, loggedError(error, request)),
  )
  // As it is sent: what the guard refuses has passed no other hook of this scope.
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
}

export default fp(openAiErrors, { name: 'openAiErrors', fastify: '5.x' })

/** For OpenAPI: what these routes may answer beside their own. */
export function openAiErrorAnswers(...statuses: number[]) {
  const content = { 'application/json': { schema: OpenAiError } }
  return Object.fromEntries(statuses.map(status => [status, { description: "OpenAI's error", content }]))
}

export function wrong(param: string, message: string, mend?: string): QuantvoxError {
  return new QuantvoxError('invalid_request', message, { param, mend })
}
