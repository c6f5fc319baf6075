import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'
import { createLiveApp, type LiveApp, upgradeWith } from '../fakeLive.ts'
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
  const heard: ServerEvent[] = []
  const order = createOrderCheck()
  let taken = 0
  let wrong: unknown = null
  let arrived = Promise.withResolvers<void>()
  const closing = Promise.withResolvers<number>()
  const socket = await app.injectWS(path, upgradeWith({ host: 'localhost', ...headers }), {
    onInit(opening) {
      opening.on('message', (data: Buffer) => {
        const event = JSON.parse(data.toString()) as ServerEvent
        heard.push(event)
        try {
          order.take(event)
        } catch (error) {
          wrong ??= error
        }
        arrived.resolve()
        arrived = Promise.withResolvers<void>()
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
    ...{ socket, heard, closed: closing.promise },
    types: () => heard.map(({ type }) => type),
    send: event => socket.send(typeof event === 'string' ? event : JSON.stringify(event)),
    say: ms => sendAudio(ms, 8000),
    silence: ms => sendAudio(ms, 0),
    async update(session) {
      client.send({ type: 'session.update', session })
      await client.next('session.updated')
    },
    async next(type) {
      const deadline = Date.now() + 5000
      for (;;) {
        if (wrong !== null) throw wrong
        const at = heard.findIndex((event, index) => index >= taken && event.type === type)
        if (at >= 0) {
          taken = at + 1
          return heard[at] as OfType<typeof type>
        }
        if (Date.now() > deadline) throw new Error(`no ${type} came; there were ${client.types().join(', ')}`)
        const tick = Promise.withResolvers<void>()
        const timer = setTimeout(tick.resolve, 200)
        await Promise.race([arrived.promise, tick.promise])
        clearTimeout(timer)
      }
    },
  }
  return client
}
