import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import { untilAborted, within } from '../../abort.ts'
import { joinSamples, samplesIn } from '../../audio/pcm.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { TurnRecord } from '../../protocol/record.ts'
import type { SessionEvent, Sink } from '../../session/events.ts'
import { createSession, type SessionDependencies } from '../../session/session.ts'
import { noVoice } from '../../voice/none.ts'
import type { Together } from '../observations.ts'

export type SpokenTurn = { record: TurnRecord; transcript: string; reply: string }

/** What a browser sends at once. */
const FRAME_MS = 20
/** Before the first word, as a microphone that is open already. */
const QUIET_BEFORE_MS = 300
/** A turn that takes longer is stuck. */
const TURN_WITHIN_MS = 60_000

type Type = SessionEvent['type']
type OfType<T extends Type> = Extract<SessionEvent, { type: T }>

/**
 * A listener of a live session in this process: the server's own pipeline from the microphone's frames to the reply's audio,
 * which it takes as fast as it comes. So nothing is known of when playback began. Ends with `signal`.
 */
export async function openSpokenTurns(
  dependencies: Omit<SessionDependencies, 'plays' | 'leavesReplies'>,
  log: Log,
  signal: AbortSignal,
) {
  const waiting = new Map<Type, PromiseWithResolvers<SessionEvent>>()
  let transcript = ''
  let reply = ''
  const sink: Sink = { tell: hear, play: () => Promise.resolve(true) }
  const session = createSession({ ...dependencies, plays: false, leavesReplies: false }, sink, log)

  function hear(event: SessionEvent): void {
    if (event.type === 'transcript.final') transcript = event.text
    if (event.type === 'reply.done') reply = event.text
    if (event.type === 'error') for (const { reject } of waiting.values()) reject(event.error)
    else waiting.get(event.type)?.resolve(event)
  }

  /** The next event of this type; rejects with errors of the session. */
  async function next<T extends Type>(type: T): Promise<OfType<T>> {
    const coming = Promise.withResolvers<SessionEvent>()
    waiting.set(type, coming)
    const event = within(coming.promise, TURN_WITHIN_MS, () => {
      throw new QuantvoxError('engine_timeout', `A spoken turn took over ${TURN_WITHIN_MS / 1000} s.`)
    })
    return (await untilAborted(event, signal)) as OfType<T>
  }

  async function play(samples: Int16Array, until: Promise<unknown>): Promise<void> {
    let over = false
    const stop = () => {
      over = true
    }
    until.then(stop, stop)
    const step = samplesIn(FRAME_MS)
    const silence = new Int16Array(step)
    const startedAt = performance.now()
    for (let frame = 0; !over; frame++) {
      const part = samples.subarray(frame * step, (frame + 1) * step)
      session.audio(part.length === step ? part : silence, performance.now())
      await sleep(Math.max(0, startedAt + (frame + 1) * FRAME_MS - performance.now()))
    }
  }

  signal.throwIfAborted()
  const ready = next('ready')
  const { stages } = dependencies
  const { name, kind } = stages.voice(stages.settings.voice)
  // A voice of the browser would wait for a browser.
  const voice = kind === 'inBrowser' ? noVoice.name : name
  session.message(
    {
      ...{ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' },
      voice,
      // The speech of a clip must not interrupt the reply to its beginning.
      bargeIn: { minSpeechMs: 0 },
    },
    performance.now(),
  )
  await ready

  return {
    /** Loads and warms both models and chooses the voice, as a client's `configure` does; the next turn is in a conversation of its own. */
    async prepare({ speech, llm, voice: spokenBy }: Together): Promise<void> {
      const requestId = uuidv7()
      const configured = next('configured')
      const wanted = {
        speechModel: speech,
        llmModel: llm,
        voice: spokenBy ?? voice,
        conversationId: requestId,
      }
      session.message({ type: 'configure', requestId, ...wanted }, performance.now())
      await configured
    },
    /** Speaks the samples (mono, 16 kHz) in real time and waits for the whole reply. */
    async speak(samples: Int16Array): Promise<SpokenTurn> {
      transcript = ''
      reply = ''
      const done = next('turn.done')
      await play(joinSamples([new Int16Array(samplesIn(QUIET_BEFORE_MS)), samples]), done)
      const { timings } = await done
      return { record: timings, transcript, reply }
    },
    close: session.close,
  }
}
