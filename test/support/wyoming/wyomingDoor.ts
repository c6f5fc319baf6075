import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Patience, usualPatience } from '../../../server/doors/wyoming/connection.ts'
import { createWyoming, type WyomingDependencies } from '../../../server/doors/wyoming/door.ts'
import { createEventReader, eventBytes, type WyomingEvent } from '../../../server/doors/wyoming/framing.ts'
import type { Script } from '../fakes/fakeStages.ts'
import { createInbox } from '../inbox.ts'
import { quietLog } from '../quietLog.ts'
import { makeDependencies } from './dependencies.ts'

type WyomingOptions = {
  script?: Partial<Script>
  dependencies?: Partial<WyomingDependencies>
  patience?: Partial<Patience>
}

/** What the door needs, over scripted stages, until the test is over. */
export async function wyomingDependencies(script: Partial<Script> = {}) {
  const { stop, ...made } = await makeDependencies(script)
  onTestFinished(stop)
  return made
}

/** The door over scripted stages, at a free port, closed when the test is over. */
export async function startWyoming({ script, dependencies = {}, patience = {} }: WyomingOptions = {}) {
  const made = await wyomingDependencies(script)
  const { fakes } = made
  const log = quietLog()
  const door = createWyoming({ ...made.dependencies, ...dependencies }, log, {
    ...usualPatience,
    ...patience,
  })
  const port = await door.listen('127.0.0.1', 0)
  onTestFinished(() => door.close(AbortSignal.timeout(0)))
  return {
    ...{ ...fakes, door, log, port },
    connect: () => connectTo(port),
    rows: async () => (await fakes.stages.store.list({}, 100, null)).items,
  }
}

export type WyomingClient = Awaited<ReturnType<typeof connectTo>>

async function connectTo(port: number) {
  const socket: Socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const reader = createEventReader()
  let isClosed = false
  const inbox = createInbox<WyomingEvent>()
  socket.on('error', () => {})
  socket.on('data', chunk => {
    for (const event of reader.push(chunk)) inbox.arrive(event)
  })
  const closed = new Promise<void>(settle => {
    socket.once('close', () => {
      isClosed = true
      settle()
    })
  })
  await once(socket, 'connect')
  return {
    ...{ ...inbox, socket, closed },
    next: inbox.next as (type: string, withinMs?: number) => Promise<WyomingEvent>,
    isClosed: () => isClosed,
    send: (type: string, data: object = {}, payload?: Uint8Array) =>
      void socket.write(eventBytes(type, data, payload)),
    /** What came when the server has hung up. */
    async everything(): Promise<WyomingEvent[]> {
      await closed
      return inbox.heard
    },
  }
}

export const FORMAT = { rate: 16_000, width: 2, channels: 1 }

/** Asks for a transcript as Home Assistant does: a second of a tone. */
export function speakTo(client: WyomingClient, format = FORMAT, wanted: object = { language: 'en' }): void {
  client.send('transcribe', wanted)
  client.send('audio-start', format)
  const bytes = format.rate * format.width * format.channels
  const part = Buffer.alloc(bytes / 20, 'tone')
  for (let i = 0; i < 20; i++) client.send('audio-chunk', format, part)
  client.send('audio-stop')
}

/** The sound of an answer, and its types without repetitions. */
export function soundIn(events: WyomingEvent[]) {
  const chunks = events.filter(({ type }) => type === 'audio-chunk')
  const samples = chunks.reduce((sum, { payload }) => sum + payload.length / 2, 0)
  const types = events.map(({ type }) => type)
  return { samples, types: types.filter((type, i) => type !== types[i - 1]) }
}
