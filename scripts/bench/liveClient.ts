import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { fromBytes, PCM_SAMPLE_RATE, toBytes } from '../../server/audio/pcm.ts'
import type { ClientMessage } from '../../server/protocol/socketClient.ts'
import { ServerMessage } from '../../server/protocol/socketServer.ts'

/** What a browser sends at once. */
export const FRAME_MS = 20

/** Calls `send` for each frame, as a microphone would and in real time, until `until` settles. */
export async function everyFrame(send: () => void, until: Promise<unknown>): Promise<void> {
  let stop = false
  void until
    .finally(() => {
      stop = true
    })
    .catch(() => {})
  const startedAt = performance.now()
  for (let frame = 0; !stop; frame++) {
    send()
    await sleep(Math.max(0, startedAt + (frame + 1) * FRAME_MS - performance.now()))
  }
}

/** Gives samples, so many at a time, and then silence. */
export function thenSilence(samples: Int16Array): (count: number) => Int16Array {
  let at = 0
  return count => {
    const part = samples.subarray(at, at + count)
    at += count
    return part.length === count ? part : new Int16Array(count)
  }
}

type OfType<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

export type LiveClient = Awaited<ReturnType<typeof connectLive>>

type Settings = Omit<Extract<ClientMessage, { type: 'start' }>, 'type' | 'protocol' | 'sampleRate'>

/** A session of `/v1/voice` over a real socket, ready. */
export async function connectLive(url: string, settings: Settings) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/voice`)
  socket.binaryType = 'arraybuffer'
  const waiting = new Set<(message: ServerMessage | Error) => void>()
  const tell = (message: ServerMessage | Error) => {
    for (const take of [...waiting]) take(message)
  }
  const listening = new Set<(samples: Int16Array) => void>()
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') {
      const samples = fromBytes(new Uint8Array(data))
      for (const take of [...listening]) take(samples)
      return
    }
    const message: unknown = JSON.parse(data)
    Value.Assert(ServerMessage, message)
    tell(message)
  })
  socket.addEventListener('close', ({ code }) => tell(new Error(`the server closed the socket with ${code}`)))
  const opened = Promise.withResolvers<void>()
  socket.addEventListener('open', () => opened.resolve())
  socket.addEventListener('error', () => opened.reject(new Error(`no socket at ${url}`)))
  await opened.promise

  const client = {
    send: (message: ClientMessage): void => socket.send(JSON.stringify(message)),
    /** Sends, as a microphone would and in real time, what `next` gives (mono, 16 kHz, so many samples) until `until` settles. */
    async stream(next: (samples: number) => Int16Array, until: Promise<unknown>): Promise<void> {
      const step = (PCM_SAMPLE_RATE * FRAME_MS) / 1000
      await everyFrame(() => socket.send(new Uint8Array(toBytes(next(step)))), until)
    },
    /** Streams samples (mono, 16 kHz), then silence until `until` settles. */
    async play(samples: Int16Array, until: Promise<unknown>): Promise<void> {
      await client.stream(thenSilence(samples), until)
    },
    /** Sends samples (mono, 16 kHz) and nothing after them, `speed` times as fast as a microphone would. */
    async say(samples: Int16Array, speed: number): Promise<void> {
      const step = (PCM_SAMPLE_RATE * FRAME_MS) / 1000
      const startedAt = performance.now()
      for (let frame = 0; frame * step < samples.length; frame++) {
        socket.send(new Uint8Array(toBytes(samples.subarray(frame * step, (frame + 1) * step))))
        await sleep(Math.max(0, startedAt + ((frame + 1) * FRAME_MS) / speed - performance.now()))
      }
    },
    /** The next message of this type from now on; rejects when the server reports an error or hangs up. */
    next<T extends ServerMessage['type']>(type: T): Promise<OfType<T>> {
      const { promise, resolve, reject } = Promise.withResolvers<OfType<T>>()
      const take = (message: ServerMessage | Error) => {
        if (message instanceof Error || message.type === 'error') {
          waiting.delete(take)
          reject(message instanceof Error ? message : new Error(message.message))
        } else if (message.type === type) {
          waiting.delete(take)
          resolve(message as OfType<T>)
        }
      }
      waiting.add(take)
      promise.catch(() => {})
      return promise
    },
    /** Shows every message from now on until it is stopped, and as an error that the server hung up. */
    watch(take: (message: ServerMessage | Error) => void) {
      waiting.add(take)
      return { stop: () => void waiting.delete(take) }
    },
    /** Gives every frame of reply audio from now on. */
    listen: (take: (samples: Int16Array) => void): void => void listening.add(take),
    /** Sends one frame of the microphone (mono, 16 kHz, 10 to 200 ms). */
    frame: (samples: Int16Array): void => socket.send(new Uint8Array(toBytes(samples))),
    close: (): void => socket.close(),
  }
  const ready = client.next('ready')
  client.send({ type: 'start', protocol: 1, sampleRate: PCM_SAMPLE_RATE, ...settings })
  await ready
  return client
}
