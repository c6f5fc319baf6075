import { expect, test } from 'vitest'
import { type StreamedEvent, streamedEvents } from '../../../server/shared/eventStream.ts'

async function eventsIn(body: ReadableStream<Uint8Array>): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = []
  for await (const event of streamedEvents(body)) events.push(event)
  return events
}

test('events come whole however the bytes are cut', async () => {
  const text =
    'event: progress\ndata: {"completedBytes":1}\n\n: ping\n\nevent: done\r\ndata: {"name":"ä"}\r\n\r\ndata: 1\n\n'
  const bytes = new TextEncoder().encode(text)
  const cut = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const expected = [
    { event: 'progress', data: { completedBytes: 1 } },
    { event: 'done', data: { name: 'ä' } },
    { event: 'message', data: 1 },
  ]
  expect(await eventsIn(cut)).toEqual(expected)
  expect(await eventsIn(new Blob([text]).stream())).toEqual(expected)
})

test('who leaves early ends the stream', async () => {
  const left = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
    cancel: () => left.resolve(),
  })
  for await (const { data } of streamedEvents(body)) {
    expect(data).toBe(1)
    break
  }
  await left.promise
})
