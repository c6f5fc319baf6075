import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import { durationMs, joinSamples, pcmSampleRate, samplesIn } from '../../audio/pcm.ts'
import type { ErrorCode } from '../../errors.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { TurnRecord } from '../../protocol/record.ts'
import type { ServerMessage } from '../../protocol/socketServer.ts'
import { createOutbox } from '../../session/live/outbox.ts'
import { createSession, type SessionDependencies } from '../../session/live/session.ts'
import { noVoice } from '../../voice/none.ts'

export type SpokenTurn = { record: TurnRecord; transcript: string; reply: string }

export type SpokenTurns = {
  /** Loads and warms both models, as a client's `configure` does; the next turn is in a conversation of its own. */
  prepare(speechModel: string, llmModel: string): Promise<void>
  /** Speaks the samples (mono, 16 kHz) in real time and waits for the whole reply. */
  speak(samples: Int16Array): Promise<SpokenTurn>
  close(): Promise<void>
}

/** What a browser sends at once. */
const FRAME_MS = 20
/** Before the first word, as a microphone that is open already. */
const QUIET_BEFORE_MS = 300
/** A turn that takes longer is stuck. */
const TURN_WITHIN_MS = 60_000

type OfType<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

/**
 * A client of a live session in this process: the server's own pipeline from the microphone's frames to the outbox, without a
 * network. It takes a reply's audio as fast as it comes and says so, as if it had played it: the playout takes its time and tells
 * nothing. So nothing is known of when playback began. Ends with `signal`.
 */
export async function openSpokenTurns(
  dependencies: SessionDependencies,
  log: Log,
  signal: AbortSignal,
): Promise<SpokenTurns> {
  const listeners = new Set<(message: ServerMessage | Error) => void>()
  const tell = (message: ServerMessage | Error) => {
    for (const listener of [...listeners]) listener(message)
  }
  let playing = { turnId: '', sampleRate: pcmSampleRate, positionMs: 0 }

  function receive(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      playing.positionMs += durationMs(data.length / 2, playing.sampleRate)
      playedSoFar('progress')
      return
    }
    // The outbox makes it from a typed message, in this process.
    const message: ServerMessage = JSON.parse(data)
    if (message.type === 'audio.started') {
      const { turnId, sampleRate } = message
      playing = { turnId, sampleRate, positionMs: 0 }
    }
    if (message.type === 'audio.done') playedSoFar('ended')
    tell(message)
  }

  /** A moment later: the session counts a frame as sent when this has returned. */
  function playedSoFar(event: 'progress' | 'ended'): void {
    const { turnId, positionMs } = playing
    setImmediate(() => session.message({ type: 'playback', turnId, event, positionMs }, performance.now()))
  }

  const outbox = createOutbox({
    send(data, flushed) {
      receive(data)
      queueMicrotask(flushed)
    },
    bufferedBytes: () => 0,
  })
  const session = createSession(dependencies, outbox, log, tell)
  const onAbort = () => tell(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const patience = () => AbortSignal.timeout(TURN_WITHIN_MS)

  /** Settles with the first message that `choose` wants; rejects with errors of the session. */
  function next<T>(choose: (message: ServerMessage) => T | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const listener = (message: ServerMessage | Error) => {
      if (message instanceof Error) reject(message)
      else if (message.type === 'error') reject(asError(message))
      else {
        const chosen = choose(message)
        if (chosen !== undefined) resolve(chosen)
      }
    }
    listeners.add(listener)
    const late = patience()
    const onLate = () =>
      reject(new QuantvoxError('engine_timeout', `A spoken turn took over ${TURN_WITHIN_MS / 1000} s.`))
    late.addEventListener('abort', onLate, { once: true })
    promise.catch(() => {})
    return promise.finally(() => {
      listeners.delete(listener)
      late.removeEventListener('abort', onLate)
    })
  }
  const ofType = <T extends ServerMessage['type']>(type: T) =>
    next(message => (message.type === type ? (message as OfType<T>) : undefined))

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
  const ready = ofType('ready')
  const { stages } = dependencies
  const { name, kind } = stages.voice(stages.settings.voice)
  session.message(
    {
      type: 'start',
      protocol: 1,
      sampleRate: 16_000,
      mode: 'hands-free',
      // A voice of the browser would wait for a browser.
      voice: kind === 'inBrowser' ? noVoice.name : name,
      // The speech of a clip must not interrupt the reply to its beginning.
      bargeIn: { minSpeechMs: 0 },
    },
    performance.now(),
  )
  await ready

  return {
    async prepare(speechModel, llmModel) {
      const requestId = uuidv7()
      const configured = ofType('configured')
      session.message(
        { type: 'configure', requestId, speechModel, llmModel, conversationId: requestId },
        performance.now(),
      )
      await configured
    },
    async speak(samples) {
      let transcript = ''
      let reply = ''
      const watch = (message: ServerMessage | Error) => {
        if (message instanceof Error) return
        if (message.type === 'transcript.final') transcript = message.text
        if (message.type === 'reply.delta') reply += message.text
      }
      listeners.add(watch)
      const done = ofType('turn.done')
      try {
        await play(joinSamples([new Int16Array(samplesIn(QUIET_BEFORE_MS)), samples]), done)
        const { timings } = await done
        return { record: timings, transcript, reply }
      } finally {
        listeners.delete(watch)
      }
    },
    async close() {
      signal.removeEventListener('abort', onAbort)
      outbox.close()
      await session.close()
    },
  }
}

function asError({ code, message }: OfType<'error'>): QuantvoxError {
  return new QuantvoxError(code as ErrorCode, message)
}
