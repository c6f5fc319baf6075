import type { FastifyReply } from 'fastify'

/**
 * Aborts when the client leaves before it has the whole answer. Fastify's `request.signal` will not do: it also
 * aborts when a body has been read to its end.
 */
export function clientSignal(reply: FastifyReply): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort(new Error('the client left'))
  })
  return left.signal
}
