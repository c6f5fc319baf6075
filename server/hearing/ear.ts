import { pcmSampleRate, toFloat32, toInt16 } from '../audio/pcm.ts'
import type { Speech, Utterance } from '../audio/utterance.ts'
import { createResampler } from '../shared/resampler.ts'
import type { Endpointing } from './endpointing.ts'
import { createListener, type ListenerOptions } from './listener.ts'
import { frameSamples, type VoiceActivity } from './voiceActivity.ts'

/** Who follows an utterance while it goes on. */
export type UtteranceTaker = {
  /** The next samples (mono, 16 kHz) of it; the first time those from before its first sound. */
  push(samples: Int16Array): void
  /** `speech` is placed from the first sample pushed. */
  paused(speech: Speech): void
  resumed(): void
  /** The newest partial transcript; null where there is none. */
  partial(): string | null
}

/** `stretch` is the one that the audio belongs to, which is not always the one that is said now. */
export type EarHandlers = {
  /** After every frame of an utterance that has no taker: who takes it, or null. `positionMs`: where it began. */
  voiced(stretch: number, positionMs: number, voicedMs: number): UtteranceTaker | null
  /** `last`: nothing more comes of that stretch. */
  ended(stretch: number, last: boolean, utterance: Utterance | null, commitAtMs: number | null): void
  failed(error: unknown): void
}

/** One listener on one run of a client's audio. What is asked of it takes place in order, after what came before. */
export type Ear = {
  /** Mono samples at the client's rate, in order. */
  push(samples: Int16Array): void
  /** The utterance ends here, and with it its stretch; what follows belongs to `next`. */
  commit(next: number, commitAtMs: number | null): void
  /** The utterance is nothing; what follows it belongs to `next`. */
  drop(next: number): void
  /** The run ends here, and with it its utterance. The ear is then used up. */
  end(commitAtMs: number | null): void
  /** Hears no more, and says nothing more. */
  close(): void
  /** Gives the next utterance to `taker`, unasked. */
  take(taker: UtteranceTaker): void
  setEndpointing(endpointing: Endpointing): void
}

/** @param startMs where the run begins on the session's timeline; all positions that come out are on it */
export function createEar(
  activity: VoiceActivity,
  sampleRate: number,
  startMs: number,
  firstStretch: number,
  options: ListenerOptions,
  handlers: EarHandlers,
): Ear {
  const resampler = createResampler(sampleRate, pcmSampleRate)
  const listener = createListener(activity.open(), options)
  let stretch = firstStretch
  let frame = new Int16Array(frameSamples)
  let filled = 0
  let closed = false
  let spokenFromMs = 0
  let taker: UtteranceTaker | null = null
  let isFollowed = false
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
    const event = await listener.push(whole, taker?.partial())
    if (closed) return
    if (event?.type === 'started') spokenFromMs = event.positionMs + startMs
    if (event?.type === 'ended') {
      // The taker has this frame too, so that both hold the same audio.
      if (isFollowed) taker?.push(whole)
      return tellEnd(false, event.utterance, null)
    }
    const voicedMs = listener.speechMs()
    if (voicedMs === 0) return
    taker ??= handlers.voiced(stretch, spokenFromMs, voicedMs)
    follow(whole)
    if (event?.type === 'paused') taker?.paused(event.speech)
    else if (event?.type === 'resumed') taker?.resumed()
  }

  function follow(whole: Int16Array): void {
    if (taker === null) return
    for (const part of isFollowed ? [whole] : listener.soFar()) taker.push(part)
    isFollowed = true
  }

  function letGo(): void {
    taker = null
    isFollowed = false
  }

  function tellEnd(last: boolean, utterance: Utterance | null, commitAtMs: number | null): void {
    letGo()
    handlers.ended(stretch, last, utterance && placed(utterance), commitAtMs)
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
    commit(next, commitAtMs) {
      enqueue(() => {
        tellEnd(true, listener.end(), commitAtMs)
        stretch = next
      })
    },
    drop(next) {
      letGo()
      enqueue(() => {
        letGo()
        listener.drop()
        stretch = next
      })
    },
    end(commitAtMs) {
      enqueue(async () => {
        await hear(toInt16(resampler.end()))
        if (filled > 0) await hearFrame()
        tellEnd(true, listener.end(), commitAtMs)
        closed = true
      })
    },
    close() {
      closed = true
    },
    take(next) {
      taker = next
    },
    setEndpointing: listener.setEndpointing,
  }
}
