import { clip } from './http.ts'
import type { TestApp } from './testApp.ts'

/** A form as clients of OpenAI send it: parts in the given order, a field may come again. */
export async function openAiForm(parts: [name: string, value: string | Uint8Array<ArrayBuffer>][]) {
  const data = new FormData()
  for (const [name, value] of parts) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, new Blob([value], { type: 'audio/wav' }), 'audio.wav')
  }
  const response = new Response(data)
  const type = response.headers.get('content-type') ?? ''
  return { payload: Buffer.from(await response.arrayBuffer()), headers: { 'content-type': type } }
}

/** Sends a clip of a second with fields, to `/v1/audio/transcriptions` where nothing else is said. */
export async function transcribe(
  { app }: TestApp,
  fields: [string, string][] = [],
  { audio = clip(), path = '/v1/audio/transcriptions' } = {},
) {
  const form = await openAiForm([...fields, ['file', audio]])
  return await app.inject({ method: 'POST', url: path, ...form })
}

export async function postJson({ app }: TestApp, url: string, body: unknown) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  return await app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
}

/** The events of a whole body; the last line must be `[DONE]` or an error. */
export function openAiEvents(body: string): Record<string, unknown>[] {
  const data = body
    .split('\n\n')
    .filter(block => block !== '')
    .map(block => {
      if (!block.startsWith('data: ')) throw new Error(`no event: ${block}`)
      return block.slice('data: '.length)
    })
  const events = data.filter(text => text !== '[DONE]').map(text => JSON.parse(text))
  const isDone = data.at(-1) === '[DONE]' && data.indexOf('[DONE]') === data.length - 1
  if (!isDone && events.at(-1)?.error === undefined) throw new Error('the events do not end')
  return events
}

/** The one row that was written, by the id that the answer has. */
export async function rowOf({ stages }: TestApp, { headers }: { headers: Record<string, unknown> }) {
  const turn = await stages.store.get(String(headers['x-request-id']))
  if (turn === undefined || turn === null) throw new Error('there is no row')
  return turn
}
