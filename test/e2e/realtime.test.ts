import { connect } from 'node:net'
import { RealtimeAgent, RealtimeSession } from '@openai/agents/realtime'
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

/** Small models may talk for minutes. */
const MAX_TOKENS = 24

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
      session: {
        type: 'realtime',
        max_output_tokens: MAX_TOKENS,
        audio: { input: { transcription: { model: 'whisper-1' } } },
      },
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
    expect(response.status).toMatch(/^(?:completed|incomplete)$/)
    expect(audioBytes).toBeGreaterThan(24_000)
    client.close()
    const [row] = await turns()
    expect(row).toMatchObject({ source: 'realtime', outcome: 'completed' })
    expect(row?.speech.quantization).not.toBeNull()
    expect(row?.llm.quantization).not.toBeNull()
    expect(row?.fromSpeechEnd.firstAudioMs).toBeGreaterThan(0)
  })
})

describe('the realtime session of @openai/agents on real engines', () => {
  test('asks aloud, is interrupted by the next question, and remembers what was said', async () => {
    const session = new RealtimeSession(new RealtimeAgent({ name: 'Assistant' }), {
      ...{ transport: 'websocket', model: 'gpt-realtime' },
      config: { providerData: { max_output_tokens: MAX_TOKENS } },
    })
    const errors: unknown[] = []
    session.on('error', error => errors.push(error))
    await session.connect({ apiKey: 'any', url: `${server.url.replace('http', 'ws')}/v1/realtime` })
    const append = (pcm: Buffer) => session.sendAudio(new Uint8Array(pcm).buffer)
    const said = () =>
      session.history.flatMap(item =>
        item.type === 'message' && item.role === 'user' ? [JSON.stringify(item.content)] : [],
      )
    const answers = new Promise(resolve => session.once('audio', resolve))
    await speak(await clipAt24(clip('assistant-grapefruit')), append, answers)
    let isDone = false
    const answered = new Promise<void>(resolve => {
      session.on('agent_end', () => {
        isDone ||= said().length === 2
        if (isDone) resolve()
      })
    })
    await speak(await clipAt24(clip('azure-weather')), append, answered)
    session.close()
    expect(errors).toEqual([])
    expect(said()[0]).toMatch(/grapefruit/i)
    expect(said()[1]).toMatch(/weather/i)
    const rows = (await turns()).filter(({ source }) => source === 'realtime')
    expect(rows.length).toBeGreaterThanOrEqual(2)
  })
})
