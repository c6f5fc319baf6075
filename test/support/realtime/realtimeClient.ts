import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'
import { createLiveApp, type LiveApp, upgradeWith } from '../fakes/fakeLive.ts'
import { createInbox } from '../inbox.ts'
import { createOrderCheck, type ServerEvent } from './eventOrder.ts'

const RATE = 24_000
type OfType<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>

export type RealtimeClient = {
  socket: WebSocket
  heard: ServerEvent[]
  types(): string[]
  send(event: object | string): void
  /** Sends so much speech, in events of 20 ms, at once. */
  say(ms: number): void
  silence(ms: number): void
  update(session: object): Promise<void>
  /** The next event of this type after those that were asked for; fails after 5 s. */
  next<T extends ServerEvent['type']>(type: T): Promise<OfType<T>>
  /** Close code. */
  closed: Promise<number>
}

export type RealtimeApp = LiveApp & {
  connectRealtime(path?: string, headers?: Record<string, string>): Promise<RealtimeClient>
}

/** The app with Realtime clients; each event of each session is held against the order that clients rely on. */
export async function createRealtimeApp(options?: Parameters<typeof createLiveApp>[0]): Promise<RealtimeApp> {
  const live = await createLiveApp(options)
  return { ...live, connectRealtime: (path, headers) => connect(live.app, path, headers) }
}

async function connect(
  app: FastifyInstance,
  path = '/v1/realtime',
  headers: Record<string, string> = {},
): Promise<RealtimeClient> {
  const order = createOrderCheck()
  let wrong: unknown = null
  const { heard, arrive, types, next } = createInbox<ServerEvent>(() => {
    if (wrong !== null) throw wrong
  })
  const closing = Promise.withResolvers<number>()
  const socket = await app.injectWS(path, upgradeWith({ host: 'localhost', ...headers }), {
    onInit(opening) {
      opening.on('message', (data: Buffer) => {
        const event = JSON.parse(data.toString()) as ServerEvent
        try {
          order.take(event)
        } catch (error) {
          wrong ??= error
        }
        arrive(event)
      })
      opening.on('close', code => closing.resolve(code))
    },
  })
  const sendAudio = (ms: number, level: number) => {
    for (let sent = 0; sent < ms; sent += 20) {
      const samples = new Int16Array((Math.min(20, ms - sent) * RATE) / 1000).fill(level)
      client.send({
        type: 'input_audio_buffer.append',
        audio: Buffer.from(samples.buffer).toString('base64'),
      })
    }
  }
  const client: RealtimeClient = {
    ...{ socket, heard, types, next, closed: closing.promise },
    send: event => socket.send(typeof event === 'string' ? event : JSON.stringify(event)),
    say: ms => sendAudio(ms, 8000),
    silence: ms => sendAudio(ms, 0),
    async update(session) {
      client.send({ type: 'session.update', session })
      await client.next('session.updated')
    },
  }
  return client
}
