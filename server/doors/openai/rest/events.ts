import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { toQuantvoxError } from '../../../errors.ts'
import { begun } from '../../rest/begun.ts'
import { openAiError } from '../errors.ts'

/**
 * Sends events as OpenAI does: each one JSON value in `data`, `[DONE]` at the end. What fails before the first is an answer with
 * its status; later it is the last event, an `error`, which the SDKs throw.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncGenerator<object, void, void>,
): Promise<FastifyReply> {
  const lines = linesOf(await begun(events))
  return reply
    .type('text/event-stream; charset=utf-8')
    .headers({ 'cache-control': 'no-cache', 'x-accel-buffering': 'no' })
    .send(Readable.from(lines, { objectMode: false, highWaterMark: 0 }))
}

async function* linesOf(events: AsyncIterable<object>): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `data: ${JSON.stringify(event)}\n\n`
    yield 'data: [DONE]\n\n'
  } catch (error) {
    yield `data: ${JSON.stringify(openAiError(toQuantvoxError(error)))}\n\n`
  }
}
