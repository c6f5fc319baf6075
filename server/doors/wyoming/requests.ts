import { v7 as uuidv7 } from 'uuid'
import { isAbort, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import { createChannel } from '../../session/parts/channel.ts'
import type { PartContext } from '../../session/parts/recorded.ts'
import { eventBytes } from './framing.ts'
import { handle } from './handling.ts'
import { transcribed } from './hearing.ts'
import { createIncomingAudio } from './incomingAudio.ts'
import { type InfoDependencies, infoOf } from './info.ts'
import { type ClientEvent, type DataOf, MAX_TEXT } from './messages.ts'
import { spokenEvents, voiceFor } from './speaking.ts'

export type RequestDependencies = InfoDependencies & {
  replies: ReplyAudio
  maxUploadBytes: number
  /** Does work that asks models for something, as soon as there is room for it. */
  inPlace<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** What the requests of one connection are answered through. */
export type Answering = {
  /** Settles when the client may get more; rejects when it has left. */
  send(event: Buffer): Promise<void>
  /** What goes wrong while nobody waits for it. */
  fail(error: QuantvoxError): void
  /** Aborts when the client has left, or nobody may answer it any more. */
  signal: AbortSignal
  log: Log
}

type AudioChunk = Extract<ClientEvent, { type: 'audio-chunk' }>
type Spoken = { text: ReturnType<typeof createChannel<string>>; length: number; over: Promise<void> | null }

/** The requests of one connection, one after the other; what comes before its end is kept here. */
export function createRequests(dependencies: RequestDependencies, answering: Answering) {
  const { stages, replies, maxUploadBytes, inPlace } = dependencies
  const { send, fail, signal, log } = answering
  let wanted: DataOf<'transcribe'> = {}
  let audio: ReturnType<typeof createIncomingAudio> | null = null
  let spoken: (Spoken & { wanted: DataOf<'synthesize-start'> }) | null = null

  const context = (arrivedAtMs: number): PartContext => ({
    ...{ stages, log, source: 'wyoming', turnId: uuidv7(), arrivedAtMs },
  })

  const sendAll = (events: AsyncIterable<Buffer>) =>
    inPlace(async () => {
      for await (const event of events) await send(event)
    }, signal)

  async function hear(arrivedAtMs: number, failure: unknown = null): Promise<void> {
    const heard = audio
    const asked = wanted
    audio = null
    wanted = {}
    if (heard === null) throw outOfPlace('audio-stop', 'audio-start')
    const decode = async () => {
      if (failure !== null) throw failure
      return heard.end()
    }
    await sendAll(transcribed({ decode }, asked, dependencies, context(arrivedAtMs), signal))
  }

  async function takeAudio({ data, payload }: AudioChunk, arrivedAtMs: number): Promise<void> {
    try {
      // Some of a microphone's comes when what was said is over already.
      await audio?.push(data, payload)
    } catch (error) {
      if (isAbort(error, signal)) throw error
      await hear(arrivedAtMs, error)
    }
  }

  function takeText(text: string, arrivedAtMs: number): void {
    if (spoken === null) throw outOfPlace('synthesize-chunk', 'synthesize-start')
    // An empty part counts, too.
    spoken.length += Math.max(text.length, 1)
    if (spoken.length > MAX_TEXT)
      throw new QuantvoxError('too_large', `A text has more than ${MAX_TEXT} characters.`, {
        mend: 'Have it spoken in parts.',
      })
    void spoken.text.put(text)
    spoken.over ??= speakParts(spoken.text, voiceFor(spoken.wanted, stages), arrivedAtMs)
  }

  function speakParts(
    text: Spoken['text'],
    voice: ReturnType<typeof voiceFor>,
    arrivedAtMs: number,
  ): Promise<void> {
    signal.addEventListener('abort', text.end, { once: true })
    const over = sendAll(spokenEvents(text.items(), voice, context(arrivedAtMs), signal)).finally(() =>
      signal.removeEventListener('abort', text.end),
    )
    over.catch(error => {
      if (!isAbort(error, signal)) fail(toQuantvoxError(error))
    })
    return over
  }

  async function endText(): Promise<void> {
    if (spoken === null) throw outOfPlace('synthesize-stop', 'synthesize-start')
    const { text, over } = spoken
    text.end()
    await over
    spoken = null
    await send(eventBytes('synthesize-stopped'))
  }

  return {
    /** A request has begun and is not whole. */
    isOpen: (): boolean => audio !== null || spoken !== null,
    /** Settles when nothing of them goes on; never rejects. */
    over: async (): Promise<void> => await spoken?.over?.catch(() => {}),
    /** @throws QuantvoxError, or the signal's reason */
    async take(event: ClientEvent, arrivedAtMs: number): Promise<void> {
      switch (event.type) {
        case 'describe':
          return await send(eventBytes('info', await infoOf(dependencies)))
        case 'transcribe':
          wanted = event.data
          return
        case 'audio-start':
          audio = createIncomingAudio(event.data, maxUploadBytes, signal)
          return
        case 'audio-chunk':
          return await takeAudio(event, arrivedAtMs)
        case 'audio-stop':
          return await hear(arrivedAtMs)
        case 'synthesize':
          // Behind the parts of a text comes all of it again, for servers that know no parts.
          if (spoken !== null) return
          return await sendAll(
            spokenEvents(event.data.text, voiceFor(event.data, stages), context(arrivedAtMs), signal),
          )
        case 'synthesize-start':
          if (spoken !== null) throw outOfPlace('synthesize-start', 'synthesize-stop')
          spoken = { wanted: event.data, text: createChannel<string>(), length: 0, over: null }
          return
        case 'synthesize-chunk':
          return takeText(event.data.text, arrivedAtMs)
        case 'synthesize-stop':
          return await endText()
        case 'transcript':
          return await inPlace(async () => {
            const tell = (part: Buffer) => void send(part).catch(() => {})
            for (const last of await handle(event.data, { stages, replies, log }, tell, arrivedAtMs, signal))
              await send(last)
          }, signal)
      }
    },
  }
}

const outOfPlace = (type: string, before: string) =>
  new QuantvoxError('invalid_state', `"${type}" came without "${before}" before it.`)
