import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/schema'
import type { WebSocket } from 'ws'
import type { Detector } from '../../../server/hearing/endOfTurn/detector.ts'
import type { VoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { WakeWords } from '../../../server/hearing/wakeWord/wakeWords.ts'
import { ServerMessage } from '../../../server/protocol/socketServer.ts'
import type { LoadedModels } from '../../../server/session/switching.ts'
import { noDetector } from '../hearing/fakeDetector.ts'
import { createInbox } from '../inbox.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../testApp.ts'

const RATE = 16_000
const serverMessage = Compile(ServerMessage)

/** Hears speech in frames that are loud at their first sample, so that tests need no real audio. */
export const loudness: VoiceActivity = {
  open: () => ({ push: frame => Promise.resolve(Math.abs(frame[0] ?? 0) > 1000 ? 0.95 : 0.02) }),
}

export type Heard = ServerMessage | { type: 'binary'; bytes: number }
type OfType<T extends Heard['type']> = Extract<Heard, { type: T }>

export type LiveClient = {
  socket: WebSocket
  /** Everything that came, in order. */
  heard: Heard[]
  types(): string[]
  send(message: object | string): void
  /** Sends so much speech, in frames of 20 ms, at once. */
  say(ms: number): void
  silence(ms: number): void
  /** The next message of this type after those that were asked for; fails after 5 s, or as many as real engines may take. */
  next<T extends Heard['type']>(type: T, withinMs?: number): Promise<OfType<T>>
  /** Close code. */
  closed: Promise<number>
  leave(): void
}

/** Headers of an upgrade, as `injectWS` takes them. */
export const upgradeWith = (headers: Record<string, string>) => ({
  headers,
  rawHeaders: Object.entries(headers).flat(),
})

export type LiveApp = TestApp & { connect(start?: object | null): Promise<LiveClient> }

export async function createLiveApp(
  options: TestAppOptions & {
    activity?: VoiceActivity
    detector?: Detector
    wakeWords?: WakeWords
    loaded?: () => LoadedModels
  } = {},
): Promise<LiveApp> {
  const nothing = { speech: [], language: [] }
  const live = {
    activity: options.activity ?? loudness,
    detector: options.detector ?? noDetector,
    loadedModels: async () => options.loaded?.() ?? nothing,
    ...(options.wakeWords && { wakeWords: options.wakeWords }),
  }
  const test = await createTestApp({ ...options, dependencies: { live, ...options.dependencies } })
  await test.app.ready()
  return { ...test, connect: (start = {}) => connect(test.app, start) }
}

async function connect(app: FastifyInstance, start: object | null): Promise<LiveClient> {
  const { heard, arrive, stir, types, next } = createInbox<Heard>()
  const closing = Promise.withResolvers<number>()
  const socket = await app.injectWS('/v1/voice', upgradeWith({ host: 'localhost' }), {
    onInit(opening) {
      opening.on('message', (data: Buffer, isBinary: boolean) => {
        arrive(isBinary ? { type: 'binary', bytes: data.length } : checked(data.toString()))
      })
      opening.on('close', code => {
        closing.resolve(code)
        stir()
      })
    },
  })
  const sendAudio = (ms: number, level: number) => {
    for (let sent = 0; sent < ms; sent += 20) {
      const samples = new Int16Array((Math.min(20, ms - sent) * RATE) / 1000).fill(level)
      socket.send(Buffer.from(samples.buffer))
    }
  }
  const client: LiveClient = {
    ...{ socket, heard, types, next },
    send: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    say: ms => sendAudio(ms, 8000),
    silence: ms => sendAudio(ms, 0),
    closed: closing.promise,
    leave: () => socket.terminate(),
  }
  if (start !== null) {
    client.send({ type: 'start', protocol: 1, sampleRate: RATE, mode: 'hands-free', ...start })
    await client.next('ready')
  }
  return client
}

/** Every message of every test is held against the protocol's schema. */
function checked(text: string): ServerMessage {
  const message: unknown = JSON.parse(text)
  if (serverMessage.Check(message)) return message
  throw new Error(`not in the protocol: ${text} ${JSON.stringify(serverMessage.Errors(message)[1])}`)
}
