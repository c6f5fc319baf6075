import { afterEach, describe, expect, test } from 'vitest'
import {
  createRealtimeApp,
  type RealtimeApp,
  type RealtimeClient,
} from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

/** Events in a row of one type count once. */
const told = (client: RealtimeClient) => {
  const types = client.types()
  return types.filter((type, index) => type !== types[index - 1])
}

async function ask(client: RealtimeClient) {
  client.say(800)
  client.silence(600)
  return await client.next('response.done')
}

describe('server VAD', () => {
  test('a turn goes from speech to a spoken answer, in the order that clients rely on', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    const { response } = await ask(client)
    const types = told(client)
    const fixed = types.filter(type => !/_transcript\.delta|output_audio\.delta/.test(type))
    expect(fixed).toEqual([
      'session.created',
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
    ])
    expect(types).toContain('response.output_audio.delta')
    expect(types).toContain('response.output_audio_transcript.delta')
    expect(response).toMatchObject({
      status: 'completed',
      usage: { input_tokens: 30, output_tokens: 6, total_tokens: 36 },
      output: [
        {
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_audio', transcript: 'It is ten past nine. Good evening.' }],
        },
      ],
    })
  })

  test('leaves one row, of the door', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await ask(client)
    const { items } = await live.stages.store.list({}, 10)
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({
      ...{ source: 'realtime', outcome: 'completed', transcript: 'What is the time?' },
      speech: { quantization: 'q8_0' },
    })
    expect(items[0]?.fromSpeechEnd.firstAudioMs).toBeGreaterThan(0)
  })
})
