import { afterEach, describe, expect, test } from 'vitest'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import {
  createRealtimeApp,
  type RealtimeApp,
  type RealtimeClient,
} from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const typed = (text: string, id?: string) => ({
  type: 'conversation.item.create',
  item: { ...(id ? { id } : {}), type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
})

async function ask(client: RealtimeClient) {
  client.say(800)
  client.silence(600)
  return await client.next('response.done')
}

describe('items', () => {
  test('what was said always has its transcript, null before it is known', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.say(800)
    client.silence(600)
    const { item } = await client.next('conversation.item.added')
    expect(item).toMatchObject({ role: 'user', content: [{ type: 'input_audio', transcript: null }] })
    await client.next('response.done')
    client.send({ type: 'conversation.item.retrieve', item_id: item.id })
    const retrieved = await client.next('conversation.item.retrieved')
    expect(retrieved.item).toMatchObject({ content: [{ transcript: 'What is the time?' }] })
  })

  test('are put where their client wants them, under its ids', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send(typed('Second.', 'two'))
    client.send({ ...typed('First.', 'one'), previous_item_id: 'root' })
    client.send(typed('Third.'))
    const places = [
      await client.next('conversation.item.added'),
      await client.next('conversation.item.added'),
      await client.next('conversation.item.added'),
    ]
    expect(places.map(({ previous_item_id }) => previous_item_id)).toEqual([null, null, 'two'])
    client.send({ type: 'response.create' })
    await client.next('response.done')
    expect(live.lastPrompt().at(-1)?.content).toBe('First.\nSecond.\nThird.')
  })

  test('what is wrong with one is told by the id of the event, and the session goes on', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send(typed('Hello.', 'one'))
    const wrong: [object, string][] = [
      [{ ...typed('Again.', 'one') }, 'item_create_duplicate_item_id'],
      [{ ...typed('Where?'), previous_item_id: 'none' }, 'item_create_invalid_previous_item_id'],
      [{ type: 'conversation.item.retrieve', item_id: 'none' }, 'item_retrieve_invalid_item_id'],
      [{ type: 'conversation.item.delete', item_id: 'none' }, 'item_delete_invalid_item_id'],
      [
        { type: 'conversation.item.truncate', item_id: 'none', content_index: 0, audio_end_ms: 0 },
        'item_truncate_invalid_item_id',
      ],
    ]
    for (const [index, [event, code]] of wrong.entries()) {
      client.send({ ...event, event_id: `mine_${index}` })
      expect((await client.next('error')).error).toMatchObject({ code, event_id: `mine_${index}` })
    }
    client.send({ type: 'conversation.item.delete', item_id: 'one' })
    expect((await client.next('conversation.item.deleted')).item_id).toBe('one')
  })

  // Reports 14 and 15: a cut beyond the audio or at 0, a transcript that is lost with it.
  test('a spoken answer is cut where its listener stopped, and keeps what was heard of its words', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    const { response } = await ask(client)
    const item_id = response.output?.[0]?.id
    const cut = { type: 'conversation.item.truncate', item_id, content_index: 0 }
    const audioMs = client.heard.reduce(
      (sum, event) =>
        event.type === 'response.output_audio.delta'
          ? sum + Buffer.from(event.delta, 'base64').length / 48
          : sum,
      0,
    )
    client.send({ ...cut, audio_end_ms: Math.round(audioMs) + 500 })
    expect((await client.next('error')).error).toMatchObject({ code: 'invalid_value', param: 'audio_end_ms' })
    client.send({ ...cut, audio_end_ms: Math.round(audioMs / 2) })
    expect(await client.next('conversation.item.truncated')).toMatchObject({ item_id, content_index: 0 })
    client.send({ type: 'conversation.item.retrieve', item_id })
    const { item } = await client.next('conversation.item.retrieved')
    expect(item).toMatchObject({ content: [{ type: 'output_audio', transcript: 'It is ten past' }] })
    client.send({ ...cut, audio_end_ms: 0 })
    await client.next('conversation.item.truncated')
    await ask(client)
    expect(live.lastPrompt().map(({ role }) => role)).toEqual(['system', 'user'])
  })
})

describe('functions', () => {
  const weather = {
    type: 'function',
    name: 'weather',
    description: 'of a place',
    parameters: { type: 'object' },
  }

  test('a call is told as an item before its arguments, and its result is in the next prompt', async () => {
    live = await createRealtimeApp()
    const asked: unknown[] = []
    const call = { id: 'call_1', name: 'weather', arguments: { place: 'Paris' } }
    live.stages.llm = leasesAt(
      async () => 'http://127.0.0.1:1',
      async function* (_host, messages, { tools }) {
        asked.push({ messages, tools })
        if (asked.length === 1) yield { type: 'tool-call', call }
        else yield { type: 'text', text: 'It rains.' }
      },
    )
    const client = await live.connectRealtime()
    await client.update({ tools: [weather], tool_choice: 'auto' })
    client.send(typed('How is the weather in Paris?'))
    client.send({ type: 'response.create' })
    const done = await client.next('response.function_call_arguments.done')
    expect(done).toMatchObject({ name: 'weather', arguments: '{"place":"Paris"}' })
    const { item } = await client.next('response.output_item.done')
    expect(item).toMatchObject({ type: 'function_call', status: 'completed', call_id: done.call_id })
    // Some send it before the response is done.
    const output = { type: 'function_call_output', call_id: done.call_id, output: '{"rain":true}' }
    client.send({ type: 'conversation.item.create', item: output })
    const { response } = await client.next('response.done')
    expect(response).toMatchObject({ status: 'completed', output: [{ type: 'function_call' }] })
    client.send({ type: 'response.create' })
    expect((await client.next('response.done')).response.output).toMatchObject([{ role: 'assistant' }])
    expect(asked[0]).toMatchObject({ tools: [{ name: 'weather', description: 'of a place' }] })
    expect((asked[1] as { messages: object[] }).messages.slice(2)).toEqual([
      { role: 'assistant', content: '', toolCalls: [{ ...call, id: done.call_id }] },
      { role: 'tool', content: '{"rain":true}', toolName: 'weather' },
    ])
    const { items } = await live.stages.store.list({}, 10)
    expect(items.map(({ errorCode }) => errorCode)).toEqual([null, null])
  })

  test('are refused where the model cannot call any', async () => {
    live = await createRealtimeApp()
    live.stages.callsTools = async () => false
    const client = await live.connectRealtime()
    client.send({ type: 'session.update', event_id: 'mine', session: { tools: [weather] } })
    expect((await client.next('error')).error).toMatchObject({
      ...{ code: 'tools_not_supported', event_id: 'mine', param: 'session.tools' },
    })
    await client.update({ instructions: 'Go on.' })
  })
})
