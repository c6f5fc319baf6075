import type { Speech, Utterance } from '../audio/utterance.ts'
import type { DetectorReading } from '../protocol/record.ts'
import type { Ending, Endpointing, Said } from './endpointing.ts'
import { createFramer } from './framer.ts'
import { createListener, type Listener, type ListenerEvent, type ListenerOptions } from './listener.ts'
import { FRAME_SAMPLES, type VoiceActivity } from './voiceActivity.ts'

/** Who follows an utterance while it goes on. */
export type UtteranceTaker = {
  /** The next samples (mono, 16 kHz) of it; the first time those from before its first sound. */
  push(samples: Int16Array): void
  /** `speech` is placed from the first sample pushed; `detector` gets what a detector makes of it, null where there is none. */
  paused(speech: Speech, detector: DetectorReading | null): void
  resumed(): void
  /** After every frame: how much of it is voiced by now, milliseconds. */
  voiced(voicedMs: number): void
  /** What was said up to the pause that goes on, where that is recognized already; else null. */
  said(): Said | null
}

/** What ended an utterance; `commitAtMs` is when a `commit` arrived that did, else null. */
export type EndedBy = Ending & { commitAtMs: number | null }

/** `stretch` is the one that the audio belongs to, which is not always the one that is said now. */
export type EarHandlers = {
  /** After every frame of what is too short to be speech yet, and may become it. */
  sound(stretch: number, voicedMs: number): void
  /** After every frame of an utterance that has no taker: who takes it, or null. `positionMs`: where it began. */
  voiced(stretch: number, positionMs: number, voicedMs: number): UtteranceTaker | null
  /** `last`: nothing more comes of that stretch. */
  ended(stretch: number, last: boolean, utterance: Utterance | null, by: EndedBy): void
  failed(error: unknown): void
}

/** One listener on one run of a client's audio. What is asked of it takes place in order, after what came before. */
export type Ear = {
  /** Mono samples at the client's rate, in order. */
  push(samples: Int16Array): void
  /** The utterance ends here, and with it its stretch; what follows belongs to `next`. */
  commit(next: number, by: EndedBy): void
  /** The utterance is nothing; what follows it belongs to `next`. */
  drop(next: number): void
  /** The run ends here, and with it its utterance. The ear is then used up. */
  end(by: EndedBy): void
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
  const listener = createListener(activity.open(), options)
  const following = createFollowing(listener)
  const line = createLine(handlers.failed)
  const frames = createFramer(sampleRate, FRAME_SAMPLES)
  let stretch = firstStretch
  let spokenFromMs = 0

  async function hear(whole: readonly Int16Array[]): Promise<void> {
    for (const frame of whole) if (!line.isClosed()) await hearFrame(frame)
  }

  async function hearFrame(frame: Int16Array): Promise<void> {
    const event = await listener.push(frame, following.said())
    if (line.isClosed()) return
    if (event?.type === 'started') spokenFromMs = event.positionMs + startMs
    if (event?.type === 'ended') {
      following.finish(frame)
      return tellEnd(false, event.utterance, { ...event.ending, commitAtMs: null })
    }
    const voicedMs = listener.speechMs()
    if (voicedMs === 0) {
      const soundMs = listener.soundMs()
      if (soundMs > 0) handlers.sound(stretch, soundMs)
      return
    }
    if (!following.isTaken()) following.take(handlers.voiced(stretch, spokenFromMs, voicedMs))
    following.follow(frame, event, voicedMs)
  }

  function tellEnd(last: boolean, utterance: Utterance | null, by: EndedBy): void {
    following.take(null)
    const placed = utterance && {
      ...utterance,
      startMs: utterance.startMs + startMs,
      lastVoicedMs: utterance.lastVoicedMs + startMs,
    }
    handlers.ended(stretch, last, placed, by)
  }

  return {
    push: samples => line.enqueue(() => hear(frames.push(samples))),
    commit(next, by) {
      line.enqueue(() => {
        tellEnd(true, listener.end(), by)
        stretch = next
      })
    },
    drop(next) {
      following.take(null)
      line.enqueue(() => {
        following.take(null)
        listener.drop()
        stretch = next
      })
    },
    end(by) {
      line.enqueue(async () => {
        await hear(frames.end())
        tellEnd(true, listener.end(), by)
        line.close()
      })
    },
    close: line.close,
    take: following.take,
    setEndpointing: listener.setEndpointing,
  }
}

/** Work that takes place in order, until it is closed or fails. */
export function createLine(failed: (error: unknown) => void) {
  let closed = false
  let tasks: Promise<void> = Promise.resolve()
  const close = () => {
    closed = true
  }
  return {
    close,
    isClosed: () => closed,
    enqueue(task: () => Promise<void> | void): void {
      tasks = tasks
        .then(() => (closed ? undefined : task()))
        .catch(error => {
          if (!closed) failed(error)
          close()
        })
    },
  }
}

/** The taker of an utterance, who gets its frames from the first one on. */
function createFollowing(listener: Listener) {
  let taker: UtteranceTaker | null = null
  let hasBegun = false
  return {
    isTaken: () => taker !== null,
    said: () => taker?.said() ?? null,
    take(next: UtteranceTaker | null): void {
      taker = next
      hasBegun = false
    },
    follow(frame: Int16Array, event: ListenerEvent | null, voicedMs: number): void {
      if (taker === null) return
      for (const part of hasBegun ? [frame] : listener.soFar()) taker.push(part)
      hasBegun = true
      if (event?.type === 'paused') taker.paused(event.speech, event.detector)
      else if (event?.type === 'resumed') taker.resumed()
      taker.voiced(voicedMs)
    },
    /** The taker has the last frame too, so that both hold the same audio. */
    finish(frame: Int16Array): void {
      if (hasBegun) taker?.push(frame)
    },
  }
}
