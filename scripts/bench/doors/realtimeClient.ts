import { createPcmResampler, joinSamples, toBytes } from '../../../server/audio/pcm.ts'
import { everyFrame, FRAME_MS, thenSilence } from '../liveClient.ts'

const RATE = 24_000

/** A second of it takes a client some 5 ms. */
export function atRealtimeRate(samples: Int16Array): Int16Array {
  const resampler = createPcmResampler(16_000, RATE)
  return joinSamples([resampler.push(samples), resampler.end()])
}

export type RealtimeClient = Awaited<ReturnType<typeof connectRealtime>>

/** A session of `/v1/realtime` over a real socket, whose turns end by so much silence. */
export async function connectRealtime(url: string, silenceMs: number) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime`, 'realtime')
  const waiting = new Map<string, (error: Error | null) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { type, error } = JSON.parse(data)
    if (type === 'error') for (const take of waiting.values()) take(new Error(error.message))
    waiting.get(type)?.(null)
    waiting.delete(type)
  })
  const gone = () => {
    for (const take of waiting.values()) take(new Error('the socket is closed'))
  }
  socket.addEventListener('close', gone)
  socket.addEventListener('error', gone)

  const client = {
    send: (event: object): void => socket.send(JSON.stringify(event)),
    /** The next event of this type; one wait for each at a time. */
    next: (type: string): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.set(type, error => (error === null ? resolve() : reject(error)))
      }),
    /** Streams samples (mono, 16 kHz) as 24 kHz, then silence until `until` settles. */
    play: (samples: Int16Array, until: Promise<unknown>): Promise<void> =>
      client.playRecorded(atRealtimeRate(samples), until),
    /** The same with samples that are at 24 kHz already. */
    async playRecorded(samples: Int16Array, until: Promise<unknown>): Promise<void> {
      const next = thenSilence(samples)
      const send = () => {
        const audio = Buffer.from(toBytes(next((RATE * FRAME_MS) / 1000))).toString('base64')
        client.send({ type: 'input_audio_buffer.append', audio })
      }
      await everyFrame(send, until)
    },
    close: (): void => socket.close(),
  }
  await client.next('session.created')
  const updated = client.next('session.updated')
  const turn_detection = { type: 'server_vad', silence_duration_ms: silenceMs }
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection } } } })
  await updated
  return client
}
