import { afterEach, describe, expect, test } from 'vitest'
import { createRealtimeApp, type RealtimeApp } from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const long = 'a'.repeat(101_000)
const message = (item: object) => ({ type: 'conversation.item.create', item })
const text = { type: 'input_text', text: 'Hello.' }

/** Each shape with a field missing, of the wrong type, or too long. */
const wrong: [string, object | string][] = [
  ['no JSON', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['no type', {}],
  ['a type that is none', { type: 5 }],
  ['an unknown type', { type: 'session.fly' }],
  ['a type of the beta', { type: 'transcription_session.update', session: {} }],
  ['a long type', { type: long }],
  ['a session that is missing', { type: 'session.update' }],
  ['a session that is none', { type: 'session.update', session: 'x' }],
  ['long instructions', { type: 'session.update', session: { instructions: 'a'.repeat(200_001) } }],
  ['audio that is missing', { type: 'input_audio_buffer.append' }],
  ['audio that is none', { type: 'input_audio_buffer.append', audio: [1, 2] }],
  ['audio that is no base64', { type: 'input_audio_buffer.append', audio: 'é%%%%' }],
  ['audio of half a sample', { type: 'input_audio_buffer.append', audio: 'AAAA' }],
  ['an item that is missing', { type: 'conversation.item.create' }],
  ['an item without a type', message({})],
  ['a message without a role', message({ type: 'message', content: [text] })],
  ['a message without content', message({ type: 'message', role: 'user' })],
  ['a message of a role that is none', message({ type: 'message', role: 'pope', content: [text] })],
  ['a long text', message({ type: 'message', role: 'user', content: [{ ...text, text: long }] })],
  ['a long id', message({ type: 'message', id: 'i'.repeat(65), role: 'user', content: [text] })],
  ['a picture', message({ type: 'message', role: 'user', content: [{ type: 'input_image' }] })],
  [
    'audio in an item',
    message({ type: 'message', role: 'user', content: [{ type: 'input_audio', audio: 'AAAA' }] }),
  ],
  ['a call without a name', message({ type: 'function_call', call_id: 'c', arguments: '{}' })],
  ['an output without a call', message({ type: 'function_call_output', output: 'x' })],
  ['an output that is no text', message({ type: 'function_call_output', call_id: 'c', output: { a: 1 } })],
  ['an item to retrieve without an id', { type: 'conversation.item.retrieve' }],
  ['an item to delete by a number', { type: 'conversation.item.delete', item_id: 1 }],
  ['a cut without a place', { type: 'conversation.item.truncate', item_id: 'x', content_index: 0 }],
  [
    'a cut at a text',
    { type: 'conversation.item.truncate', item_id: 'x', content_index: 0, audio_end_ms: '1' },
  ],
  [
    'a cut before the beginning',
    { type: 'conversation.item.truncate', item_id: 'x', content_index: 0, audio_end_ms: -1 },
  ],
  ['a response that is none', { type: 'response.create', response: 'now' }],
  ['metadata that is none', { type: 'response.create', response: { metadata: { a: { b: 1 } } } }],
  [
    'an unknown reference',
    { type: 'response.create', response: { input: [{ type: 'item_reference', id: 'x' }] } },
  ],
  ['a cancel of a number', { type: 'response.cancel', response_id: 7 }],
  ['what belongs to WebRTC', { type: 'output_audio_buffer.clear' }],
]

describe('an event that is wrong', () => {
  test.each(wrong)('%s is told by the id that it has, and the session goes on', async (_name, event) => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send(typeof event === 'string' ? event : { ...event, event_id: 'mine' })
    const { error } = await client.next('error')
    expect(error).toMatchObject({
      ...{ type: 'invalid_request_error', code: expect.any(String), message: expect.any(String) },
      event_id: typeof event === 'string' ? null : 'mine',
    })
    expect(JSON.stringify(error).length).toBeLessThan(1000)
    client.send({ type: 'response.create' })
    expect((await client.next('response.done')).response.status).toBe('completed')
  })

  test('five times in a row ends the session', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    for (let times = 0; times < 5; times++) client.send('{')
    expect(await client.closed).toBe(1008)
  })

  test('in a binary frame is refused', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.socket.send(Buffer.alloc(100))
    expect((await client.next('error')).error.code).toBe('invalid_event')
  })
})

describe('past a limit', () => {
  const silence = (ms: number) => Buffer.alloc(ms * 48).toString('base64')

  test('audio at more than twice real time ends the session with 1008', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send({ type: 'input_audio_buffer.append', audio: silence(9900) })
    client.send({ type: 'input_audio_buffer.append', audio: silence(200) })
    expect((await client.next('error')).error.code).toBe('audio_too_fast')
    expect(await client.closed).toBe(1008)
  })

  test('more than 30 events in a second end it with 1008', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await client.next('session.created')
    for (let times = 0; times < 31; times++) client.send({ type: 'input_audio_buffer.clear' })
    expect((await client.next('error')).error.code).toBe('rate_limited')
    expect(await client.closed).toBe(1008)
  })

  test('an event that is too large ends it with 1009', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await client.next('session.created')
    client.send({ type: 'input_audio_buffer.append', audio: 'A'.repeat(800_000) })
    expect((await client.next('error')).error.code).toBe('too_large')
    expect(await client.closed).toBe(1009)
  })

  test('a session that never gets ready holds no more than so much', async () => {
    live = await createRealtimeApp()
    live.stages.settings.llmModel = () => new Promise(() => {})
    const client = await live.connectRealtime()
    const item = { type: 'message', role: 'user', content: [{ ...text, text: 'a'.repeat(90_000) }] }
    for (let times = 0; times < 25; times++) client.send({ type: 'conversation.item.create', item })
    expect((await client.next('error')).error.code).toBe('too_large')
    expect(await client.closed).toBe(1009)
  })
})
