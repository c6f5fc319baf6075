import type { FastifyInstance, InjectOptions } from 'fastify'
import type { TurnMessage } from '../../server/protocol/messages.ts'
import { wavBytes } from './wavBytes.ts'

/** Requests as clients send them, and reading what comes back. */

export type ServerEvent = { event: string; data: unknown }

/** A form with these parts, in order, as body and headers for `inject` or `fetch`. */
export async function form(
  ...parts: [name: string, value: string | Uint8Array<ArrayBuffer>][]
): Promise<{ payload: Buffer; headers: Record<string, string> }> {
  const data = new FormData()
  for (const [name, value] of parts) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, new Blob([value], { type: 'audio/wav' }), 'question.wav')
  }
  const response = new Response(data)
  const contentType = response.headers.get('content-type') ?? ''
  return { payload: Buffer.from(await response.arrayBuffer()), headers: { 'content-type': contentType } }
}

/** A second of a tone: for scripted ears it is speech. */
export function clip(durationMs = 1000): Uint8Array<ArrayBuffer> {
  const samples = Int16Array.from({ length: durationMs * 16 }, (_, i) => 8000 * Math.sin(i / 10))
  return new Uint8Array(wavBytes({ audio: Buffer.from(samples.buffer) }))
}

/** `POST /v1/turns` with a clip and fields. */
export async function ask(
  app: FastifyInstance,
  fields: Record<string, string> = {},
  audio: Uint8Array<ArrayBuffer> = clip(),
  headers: Record<string, string> = {},
) {
  const upload = await form(...Object.entries(fields), ['audio', audio])
  return await app.inject({
    method: 'POST',
    url: '/v1/turns',
    ...upload,
    headers: { ...upload.headers, ...headers },
  })
}

/** `POST /v1/turns` with JSON. */
export async function askText(
  app: FastifyInstance,
  body: NonNullable<InjectOptions['payload']>,
  headers: Record<string, string> = {},
) {
  return await app.inject({
    method: 'POST',
    url: '/v1/turns',
    payload: body,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

export const wantsEvents = { accept: 'text/event-stream' }

/** The events of a whole SSE body. */
export function eventsOf(body: string): ServerEvent[] {
  return body
    .split('\n\n')
    .filter(block => block.trim() !== '')
    .map(block => {
      const field = (name: string) =>
        block
          .split('\n')
          .filter(line => line.startsWith(`${name}: `))
          .map(line => line.slice(name.length + 2))
          .join('\n')
      return { event: field('event'), data: JSON.parse(field('data')) }
    })
}

/** The socket messages in a whole SSE body of a turn. */
export function messagesOf(body: string): TurnMessage[] {
  return eventsOf(body).map(({ data }) => data as TurnMessage)
}

/** Waits until `check` holds; fails after `withinMs`. */
export async function until(check: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  while (!(await check())) {
    if (performance.now() > giveUpAt) throw new Error('it did not happen in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
