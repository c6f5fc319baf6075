import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { QuantvoxError } from '../../../errors.ts'
import type { PartContext } from '../../../session/parts/recorded.ts'
import type { Stages } from '../../../session/stages.ts'
import { clientSignal } from '../../rest/clientSignal.ts'

export type AskedDependencies = {
  stages: Stages
  maxUploadBytes: number
  maxJsonBytes: number
  /** Requests at once that ask models for something; one more is `at_capacity`. */
  maxTurns: number
}

/** Longer than any engine may take for the first of its answer: then the client takes nothing of it any more. */
const STALLED_MS = 300_000

/**
 * Lets so many requests of a scope be under way at once, from their first byte to the end of their answer. One whose connection stands
 * still is hung up on, and ends as one whose client left: it would keep its place for ever.
 * @param stalledMs shorter in tests
 */
export function limitRequests(app: FastifyInstance, most: number, stalledMs = STALLED_MS): void {
  let underWay = 0
  app.addHook('onRequest', async (_request, reply) => {
    if (underWay >= most) {
      throw new QuantvoxError('at_capacity', `${most} requests are under way already.`, {
        mend: 'Try again in a moment, or raise MAX_SESSIONS.',
        retryAfterSeconds: 2,
      })
    }
    underWay++
    reply.raw.once('close', () => underWay--)
    reply.raw.setTimeout(stalledMs, () => reply.raw.destroy())
  })
}

/** A handler that gets what a part of a turn needs; of a client that left there is nobody to answer, and nothing went wrong. */
export function asked(
  stages: Stages,
  work: (
    request: FastifyRequest,
    reply: FastifyReply,
    context: () => PartContext,
    signal: AbortSignal,
  ) => Promise<unknown>,
) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const signal = clientSignal(reply)
    const context = (): PartContext => ({
      ...{ stages, log: request.log, source: 'openai', turnId: request.id },
      arrivedAtMs: performance.now(),
    })
    try {
      return await work(request, reply, context, signal)
    } catch (error) {
      if (!signal.aborted) throw error
      return reply.hijack()
    }
  }
}

/** All that a part of a turn yields, its row written. */
export async function whole<T>(parts: AsyncGenerator<T, void, void>): Promise<T[]> {
  return await Array.fromAsync(parts)
}
