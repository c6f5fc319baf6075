import { durationMs } from '../audio/pcm.ts'
import type { Utterance } from '../audio/utterance.ts'
import type { Mode } from '../protocol/socketClient.ts'
import { type AudioClock, createAudioClock } from './audioClock.ts'
import { createEar, type Ear, type UtteranceTaker } from './ear.ts'
import type { Endpointing } from './endpointing.ts'
import type { ListenerOptions } from './listener.ts'
import { trackerDefaults } from './speechTracker.ts'
import { FRAME_MS, type VoiceActivity } from './voiceActivity.ts'

/** More than the recognizer keeps around speech, so that the first sound is never cut. */
const PRE_ROLL_MS = 400
/** Silence after which the utterance so far is decoded early; what ends it is the button. */
const PUSH_TO_TALK_PAUSE_MS = 128
/** A client whose frames stop in mid-speech will not go on with this utterance. */
const STALLED_MS = 2000

export type UtteranceEnd = {
  /** Null where nothing was voiced. */
  utterance: Utterance | null
  /** Where speech ended on the session's timeline, and when that was on the server's clock. */
  positionMs: number
  speechEndedAtMs: number | null
  decidedAtMs: number
  /** When `commit` arrived; null where it was not what ended the utterance. */
  commitAtMs: number | null
}

/**
 * What the ears are to do. A stretch is a part of the microphone's audio; `stretch` and `next` name what the ears' words will
 * carry, so that whoever hears them can tell late ones.
 */
export type HearingOrder =
  | { order: 'open'; stretch: number }
  /** Everything that came so far is the utterance; push-to-talk. */
  | { order: 'close'; commitAtMs: number | null }
  /** The utterance ends here, the next one begins; hands-free. */
  | { order: 'commit'; next: number; commitAtMs: number | null }
  /** Forget what is being said; hands-free. */
  | { order: 'drop'; next: number }
  /** The same; push-to-talk. */
  | { order: 'forget' }
  | { order: 'mode'; mode: Mode; next: number }
  | { order: 'off' }

export type HearingOptions = {
  activity: VoiceActivity
  sampleRate: number
  endpointing: Endpointing
  maxUtteranceMs: number
  /** Somebody speaks: who takes it. While nobody does, asked again with every frame. */
  voiced(stretch: number, positionMs: number, voicedMs: number): UtteranceTaker | null
  ended(stretch: number, last: boolean, end: UtteranceEnd): void
  /** No frames come any more in mid-speech, or a pressed button's utterance is as long as one may be. */
  cutOff(stretch: number): void
  failed(error: unknown): void
}

export type Hearing = {
  audio(samples: Int16Array, arrivedAtMs: number): void
  obey(order: HearingOrder): void
  /** Gives the utterance of push-to-talk that was opened to `taker`. */
  take(taker: UtteranceTaker): void
  setEndpointing(endpointing: Endpointing): void
  /** How much was heard, on the session's timeline. */
  positionMs(): number
}

/** The session's ears: one that goes on in hands-free mode, one for each utterance in push-to-talk. */
export function createHearing(options: HearingOptions): Hearing {
  const { activity, sampleRate, maxUtteranceMs, failed } = options
  const clock = createAudioClock()
  const watch = createWatch(options.cutOff)
  let { endpointing } = options
  let positionMs = 0
  let samplesHeard = 0
  let ear: Ear | null = null
  /** The utterance of push-to-talk that is open. */
  let pressed: { stretch: number; atMs: number } | null = null

  function openEar(stretch: number, listenerOptions: ListenerOptions): Ear {
    const opened: Ear = createEar(activity, sampleRate, positionMs, stretch, listenerOptions, {
      voiced(which, fromMs, voicedMs) {
        const taker = options.voiced(which, fromMs, voicedMs)
        // One that still hears what was committed waits for no frames, and the next utterance may.
        if (taker !== null && opened === ear) watch.wait(which, STALLED_MS)
        return taker
      },
      ended(which, last, utterance, commitAtMs) {
        watch.end(which)
        options.ended(which, last, endOf(utterance, commitAtMs, clock, positionMs))
      },
      failed,
    })
    return opened
  }

  function obey(order: HearingOrder): void {
    if (order.order !== 'commit') watch.end()
    switch (order.order) {
      case 'open':
        ear = openEar(order.stretch, pushToTalk())
        pressed = { stretch: order.stretch, atMs: positionMs }
        watch.wait(order.stretch, maxUtteranceMs)
        return
      case 'close':
        ear?.end(order.commitAtMs)
        break
      case 'commit':
        ear?.commit(order.next, order.commitAtMs)
        return
      case 'drop':
        ear?.drop(order.next)
        return
      case 'mode':
        // The one before hears to its end what came before, for whom has committed it.
        ear = order.mode === 'hands-free' ? openEar(order.next, handsFree(maxUtteranceMs, endpointing)) : null
        pressed = null
        return
      case 'forget':
      case 'off':
        ear?.close()
    }
    ear = null
    pressed = null
  }

  return {
    audio(samples, arrivedAtMs) {
      samplesHeard += samples.length
      positionMs = durationMs(samplesHeard, sampleRate)
      clock.arrived(positionMs, arrivedAtMs)
      ear?.push(samples)
      if (pressed !== null && positionMs - pressed.atMs >= maxUtteranceMs) options.cutOff(pressed.stretch)
      else if (pressed !== null) watch.wait(pressed.stretch, STALLED_MS)
      else watch.goOn()
    },
    obey,
    take: taker => ear?.take(taker),
    setEndpointing(next) {
      endpointing = next
      if (pressed === null) ear?.setEndpointing(next)
    },
    positionMs: () => positionMs,
  }
}

function handsFree(maxUtteranceMs: number, endpointing: Endpointing): ListenerOptions {
  return { ...trackerDefaults, endpointing, maxUtteranceMs, preRollMs: PRE_ROLL_MS }
}

function pushToTalk(): ListenerOptions {
  const forEver = Number.POSITIVE_INFINITY
  const { onset, release } = trackerDefaults
  return {
    ...{ onset, release, pauseMs: PUSH_TO_TALK_PAUSE_MS, minSpeechMs: FRAME_MS },
    ...{ endpointing: null, maxUtteranceMs: forEver, preRollMs: forEver },
  }
}

function endOf(
  utterance: Utterance | null,
  commitAtMs: number | null,
  clock: AudioClock,
  positionMs: number,
): UtteranceEnd {
  const lastVoicedMs = utterance?.lastVoicedMs ?? null
  const decidedAtMs = performance.now()
  // A last frame is filled up with silence, and so may seem to end after the button went up.
  const latestMs = Math.min(decidedAtMs, commitAtMs ?? decidedAtMs)
  return {
    utterance,
    positionMs: lastVoicedMs ?? positionMs,
    speechEndedAtMs: lastVoicedMs === null ? null : Math.min(latestMs, clock.at(lastVoicedMs)),
    decidedAtMs,
    commitAtMs,
  }
}

/** Waits for frames of the utterance that goes on, one at a time. */
function createWatch(cutOff: (stretch: number) => void) {
  let waiting: { stretch: number; timer: NodeJS.Timeout } | null = null

  function end(stretch = waiting?.stretch): void {
    if (waiting === null || waiting.stretch !== stretch) return
    clearTimeout(waiting.timer)
    waiting = null
  }

  return {
    wait(stretch: number, withinMs: number): void {
      end()
      const timer = setTimeout(() => {
        waiting = null
        cutOff(stretch)
      }, withinMs)
      waiting = { stretch, timer }
    },
    goOn: () => void waiting?.timer.refresh(),
    end,
  }
}
