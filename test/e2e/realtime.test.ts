import { connect } from 'node:net'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredTurn } from '../../server/protocol/record.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { clip, type LiveServer, startLiveServer } from '../support/liveServer.ts'
import { createOrderCheck, type ServerEvent } from '../support/realtime/eventOrder.ts'
import { clipAt24, speak } from '../support/realtime/microphone.ts'

let server: LiveServer
beforeAll(async () => {
  server = await startLiveServer()
})
afterAll(() => server.stop())

type OfType<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>

/** The SDK's own client. It speaks TLS only, whose front is left out here: the socket below is plain. */
async function openClient(
  query: { model: string } | { intent: 'transcription' } = { model: 'gpt-realtime' },
) {
  const { hostname: host, port } = new URL(server.url)
  const api = new OpenAI({ apiKey: 'any', baseURL: `${server.url.replace('http:', 'https:')}/v1` })
  const client = new OpenAIRealtimeWS(
    { ...query, options: { createConnection: () => connect({ host, port: Number(port) }) } },
    api,
  )
  const order = createOrderCheck()
  client.on('event', (event: unknown) => order.take(event as ServerEvent))
  const next = <T extends ServerEvent['type']>(type: T): Promise<OfType<T>> =>
    new Promise((resolve, reject) => {
      const take = (event: { type: string }) => {
        if (event.type !== type) return
        client.off('event', take)
        resolve(event as OfType<T>)
      }
      client.on('event', take)
      client.once('error', reject)
    })
  await next('session.created')
  const append = (pcm: Buffer) =>
    client.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') })
  return { client, next, append }
}

async function turns(): Promise<StoredTurn[]> {
  const answer = await fetch(`${server.url}/v1/turns`)
  return ((await answer.json()) as { items: StoredTurn[] }).items
}

describe("the openai package's Realtime client on real engines", () => {
  test('asks aloud, reads what it said, hears the answer, and leaves its row', async () => {
    const { client, next, append } = await openClient()
    client.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } } },
    })
    await next('session.updated')
    let audioBytes = 0
    client.on('response.output_audio.delta', ({ delta }) => {
      audioBytes += Buffer.from(delta, 'base64').length
    })
    const said = next('conversation.item.input_audio_transcription.completed')
    const done = next('response.done')
    await speak(await clipAt24(clip('azure-weather')), append, done)
    expect(charactersWrong("What's the weather like?", (await said).transcript)).toBeLessThan(HEARD_WELL)
    const { response } = await done
    expect(response.status).toBe('completed')
    expect(audioBytes).toBeGreaterThan(24_000)
    client.close()
    const [row] = await turns()
    expect(row).toMatchObject({ source: 'realtime', outcome: 'completed' })
    expect(row?.speech.quantization).not.toBeNull()
    expect(row?.llm.quantization).not.toBeNull()
    expect(row?.fromSpeechEnd.firstAudioMs).toBeGreaterThan(0)
  })
})
