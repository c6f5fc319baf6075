import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Item } from '../../../server/doors/openai/realtime/items.ts'
import {
  createRealtimeApp,
  type RealtimeApp,
  type RealtimeClient,
} from '../../support/realtime/realtimeClient.ts'

const MOST = 2000

/** By 30 events a second it would take a minute. */
vi.mock('../../../server/doors/openai/realtime/items.ts', async original => {
  const module = await original<typeof import('../../../server/doors/openai/realtime/items.ts')>()
  return {
    ...module,
    createItems() {
      const items = module.createItems()
      for (let i = 0; i < MOST; i++) items.add(said(i))
      return items
    },
  }
})

/** Question and answer by turns, so that the oldest can be left out of a prompt. */
const said = (number: number): Item => {
  const common = {
    id: `old${number}`,
    object: 'realtime.item',
    status: 'completed',
    type: 'message',
  } as const
  return number % 2 === 0
    ? { ...common, role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] }
    : { ...common, role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] }
}

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const full = {
  type: 'invalid_request_error',
  code: 'conversation_full',
  message: expect.stringMatching(/2000/),
}
/** What begins another turn of the conversation. */
const turnEvents = /^(response|conversation\.item|input_audio_buffer\.committed)/

async function makeRoom(client: RealtimeClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    client.send({ type: 'conversation.item.delete', item_id: `old${i}` })
    await client.next('conversation.item.deleted')
  }
}

describe('a conversation that is full', () => {
  test('takes no item of its client', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] }
    client.send({ type: 'conversation.item.create', event_id: 'mine', item })
    expect((await client.next('error')).error).toMatchObject({ ...full, event_id: 'mine' })
  })

  test('answers nothing, and says so, but what is asked beside it', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send({ type: 'response.create', event_id: 'mine' })
    expect((await client.next('error')).error).toMatchObject({ ...full, event_id: 'mine' })
    client.send({ type: 'response.create', response: { conversation: 'none' } })
    expect((await client.next('response.done')).response.status).toBe('completed')
    expect(client.types().filter(type => type === 'response.created')).toHaveLength(1)
  })

  test.each([true, false])(
    'tells that what is said has no room, where it answers by itself: %s',
    async create_response => {
      live = await createRealtimeApp()
      const client = await live.connectRealtime()
      const turn_detection = { type: 'server_vad', create_response }
      await client.update({ type: 'realtime', audio: { input: { turn_detection } } })
      client.say(800)
      client.silence(600)
      expect((await client.next('error')).error).toMatchObject(full)
      expect(client.types().filter(type => turnEvents.test(type))).toEqual([])
      await makeRoom(client, 2)
      client.send({ type: 'input_audio_buffer.clear' })
      client.say(800)
      client.silence(600)
      await client.next('conversation.item.done')
    },
  )

  test('tells that what is committed has no room, and is ready for more once there is some', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await client.update({ type: 'realtime', audio: { input: { turn_detection: null } } })
    client.say(800)
    client.send({ type: 'input_audio_buffer.commit', event_id: 'mine' })
    expect((await client.next('error')).error).toMatchObject({ ...full, event_id: 'mine' })
    expect(client.types().filter(type => turnEvents.test(type))).toEqual([])
    await makeRoom(client, 1)
    client.say(800)
    client.send({ type: 'input_audio_buffer.commit' })
    await client.next('input_audio_buffer.committed')
    await client.next('conversation.item.done')
  })

  test('has room for the reply to what still had some', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await makeRoom(client, 1)
    client.say(800)
    client.silence(600)
    expect((await client.next('response.done')).response).toMatchObject({
      ...{ status: 'completed', output: [{ role: 'assistant' }] },
    })
  })
})
