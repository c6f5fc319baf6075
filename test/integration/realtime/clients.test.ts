import { afterEach, expect, test } from 'vitest'
import { createRealtimeApp, type RealtimeApp } from '../../support/realtime/realtimeClient.ts'

/** What clients that are too large to run here send over Realtime, in their order (Open WebUI 0.12.4, livekit-plugins-openai 1.8.9). */

let live: RealtimeApp
afterEach(() => live.app.close())

test('a call of Open WebUI: it finds the turns by ours, asks for each answer itself, and for titles beside it', async () => {
  live = await createRealtimeApp()
  const client = await live.connectRealtime('/v1/realtime?model=gpt-realtime')
  client.send({
    type: 'session.update',
    session: {
      ...{ type: 'realtime', instructions: 'Be kind.', output_modalities: ['audio'] },
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-4o-mini-transcribe' },
          turn_detection: { type: 'server_vad', create_response: false, interrupt_response: true },
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'alloy' },
      },
    },
  })
  const { session } = await client.next('session.updated')
  expect(session).toMatchObject({
    audio: { input: { turn_detection: { create_response: false, interrupt_response: true } } },
  })
  expect(client.types().slice(0, 2)).toEqual(['session.created', 'session.updated'])

  client.say(800)
  client.silence(1200)
  const { item_id } = await client.next('conversation.item.input_audio_transcription.completed')
  client.send({ type: 'conversation.item.retrieve', item_id })
  await client.next('conversation.item.retrieved')
  const item = { id: 'msg_mine', type: 'message', role: 'system' }
  const content = [{ type: 'input_text', text: 'The user is called Ada.' }]
  client.send({ type: 'conversation.item.create', item: { ...item, content } })
  expect((await client.next('conversation.item.added')).item.id).toBeDefined()
  client.send({ type: 'response.create', response: { metadata: { turn: '1' } } })
  expect((await client.next('response.created')).response.metadata).toEqual({ turn: '1' })
  expect((await client.next('response.done')).response).toMatchObject({
    ...{ status: 'completed', metadata: { turn: '1' } },
  })

  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'A title?' }] }]
  const aside = { conversation: 'none', output_modalities: ['text'], metadata: { kind: 'title' }, input }
  client.send({ type: 'response.create', response: aside })
  expect((await client.next('response.done')).response).toMatchObject({ metadata: { kind: 'title' } })
  client.send({ type: 'conversation.item.delete', item_id: 'msg_mine' })
  expect((await client.next('conversation.item.deleted')).item_id).toBe('msg_mine')
  // Any error ends its call.
  expect(client.types()).not.toContain('error')
})

test('a session of LiveKit, whose base address has no /v1: items of its own, answers by metadata, and what it tolerates', async () => {
  live = await createRealtimeApp()
  const client = await live.connectRealtime('/realtime?model=gpt-realtime')
  await client.next('session.created')
  await client.update({
    ...{
      type: 'realtime',
      model: 'gpt-realtime',
      output_modalities: ['audio'],
      tools: [],
      tool_choice: 'auto',
    },
    audio: {
      input: {
        ...{
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-4o-mini-transcribe' },
        },
        turn_detection: {
          type: 'semantic_vad',
          create_response: true,
          eagerness: 'medium',
          interrupt_response: true,
        },
      },
      output: { format: { type: 'audio/pcm', rate: 24_000 }, speed: 1, voice: 'marin' },
    },
    ...{ max_output_tokens: 'inf', tracing: null },
  })
  const content = [{ type: 'input_text', text: 'What day is it?' }]
  const item = { id: 'item_mine', type: 'message', role: 'user', content }
  const create = { type: 'conversation.item.create', event_id: 'chat_ctx_create_1', item }
  client.send({ ...create, previous_item_id: 'root' })
  expect((await client.next('conversation.item.added')).item.id).toBe('item_mine')
  client.send({
    ...{ type: 'response.create', event_id: 'response_create_1' },
    response: { instructions: 'Briefly.', metadata: { client_event_id: 'response_create_1' } },
  })
  const { response } = await client.next('response.created')
  expect(response.metadata).toEqual({ client_event_id: 'response_create_1' })
  await client.next('response.done')
  // It fails on a delta of an item or a part that it was not told of.
  const types = client.types()
  for (const before of ['response.output_item.added', 'response.content_part.added'])
    expect(types.indexOf(before)).toBeLessThan(types.indexOf('response.output_audio.delta'))

  client.send({ type: 'response.cancel' })
  expect((await client.next('error')).error.message).toMatch(/^Cancellation failed/)
  client.send({ type: 'input_audio_buffer.commit' })
  expect((await client.next('error')).error.code).toBe('input_audio_buffer_commit_empty')
  client.send(create)
  expect((await client.next('error')).error).toMatchObject({
    ...{ code: 'item_create_duplicate_item_id', event_id: 'chat_ctx_create_1' },
  })
})
