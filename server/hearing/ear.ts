import { pcmSampleRate, toFloat32, toInt16 } from '../audio/pcm.ts'
import { createResampler } from '../shared/resampler.ts'
import type { Utterance } from '../audio/utterance.ts'
import { createListener, type ListenerEvent, type ListenerOptions } from './listener.ts'
import { frameSamples, type VoiceActivity } from './voiceActivity.ts'

export type EarHandlers = {
  /** After every 32 ms of audio, with what it changed. */
  frame(event: ListenerEvent | null): void
  failed(error: unknown): void
}

/** One listener on one stretch of a client's audio. What is asked of it takes place in order, after what came before. */
export type Ear = {
  /** Mono samples at the client's rate, in order. */
  push(samples: Int16Array): void
  /** Ends the utterance there is now, as an `ended` event, and goes on listening. */
  commit(): void
  /** The stretch ends here: its utterance, or null where nothing was voiced. The ear is then used up. */
  end(): Promise<Utterance | null>
  drop(): void
  /** Hears no more, and says nothing more. */
  close(): void
  speechMs(): number
  utterance(): Utterance | null
  setSilenceMs(silenceMs: number): void
}

/** @param startMs where the stretch begins on the session's timeline; all positions that come out are on it */
export function createEar(
  activity: VoiceActivity,
  sampleRate: number,
  startMs: number,
  options: ListenerOptions,
  handlers: EarHandlers,
): Ear {
  const resampler = createResampler(sampleRate, pcmSampleRate)
  const listener = createListener(activity.open(), options)
  let frame = new Int16Array(frameSamples)
  let filled = 0
  let closed = false
  let tasks: Promise<void> = Promise.resolve()

  function enqueue(task: () => Promise<void> | void): void {
    tasks = tasks
      .then(() => (closed ? undefined : task()))
      .catch(error => {
        if (!closed) handlers.failed(error)
        closed = true
      })
  }

  async function hear(samples: Int16Array): Promise<void> {
    for (let offset = 0; offset < samples.length && !closed; ) {
      const part = samples.subarray(offset, offset + frameSamples - filled)
      frame.set(part, filled)
      filled += part.length
      offset += part.length
      if (filled === frameSamples) await hearFrame()
    }
  }

  async function hearFrame(): Promise<void> {
    const whole = frame
    frame = new Int16Array(frameSamples)
    filled = 0
    const event = await listener.push(whole)
    if (!closed) handlers.frame(event === null ? null : onTimeline(event))
  }

  function onTimeline(event: ListenerEvent): ListenerEvent {
    const moved = 'positionMs' in event ? { ...event, positionMs: event.positionMs + startMs } : event
    return 'utterance' in moved ? { ...moved, utterance: placed(moved.utterance) } : moved
  }

  function placed(utterance: Utterance): Utterance {
    return {
      ...utterance,
      startMs: utterance.startMs + startMs,
      lastVoicedMs: utterance.lastVoicedMs + startMs,
    }
  }

  return {
    push(samples) {
      enqueue(() => hear(toInt16(resampler.push(toFloat32(samples)))))
    },
    commit() {
      enqueue(() => {
        const event = listener.end()
        if (event !== null) handlers.frame(onTimeline(event))
      })
    },
    async end() {
      let found: Utterance | null = null
      enqueue(async () => {
        await hear(toInt16(resampler.end()))
        if (filled > 0) await hearFrame()
        const event = listener.end()
        if (event?.type === 'ended') found = placed(event.utterance)
        closed = true
      })
      await tasks
      return found
    },
    drop() {
      enqueue(listener.drop)
    },
    close() {
      closed = true
    },
    speechMs: listener.speechMs,
    utterance() {
      const utterance = listener.utterance()
      return utterance && placed(utterance)
    },
    setSilenceMs: listener.setSilenceMs,
  }
}
