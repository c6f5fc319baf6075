import { durationMs } from '../audio/pcm.ts'
import type { Utterance } from '../audio/utterance.ts'
import type { Mode } from '../protocol/socketClient.ts'
import { type AudioClock, createAudioClock } from './audioClock.ts'
import { createEar, type Ear, type EndedBy, type UtteranceTaker } from './ear.ts'
import type { Endpointing } from './endpointing.ts'
import type { ListenerOptions } from './listener.ts'
import { trackerDefaults } from './speechTracker.ts'
import { FRAME_MS, type VoiceActivity } from './voiceActivity.ts'
import { createRecentSound } from './wakeWord/recentSound.ts'
import { createWakeEar, type WakeEar, type WakeEarHandlers, type WakeSettings } from './wakeWord/wakeEar.ts'

/** More than the recognizer keeps around speech, so that the first sound is never cut. */
const PRE_ROLL_MS = 400
/** Silence after which the utterance so far is decoded early; what ends it is the button. */
const PUSH_TO_TALK_PAUSE_MS = 128
/** What comes after a gap of so long is no more of the same utterance. */
const STALLED_MS = 2000
/**
 * A wake word is heard up to 0.2 s after its end; with so much before that it is in the utterance as a whole, and a recognizer
 * understands it better than a part.
 */
const WAKE_WORD_MS = 1500
/** As much again may have come until it is known. */
const KEPT_SOUND_MS = 4000

export type UtteranceEnd = EndedBy & {
  /** Null where nothing was voiced. */
  utterance: Utterance | null
  /** Where speech ended on the session's timeline, and when that was on the server's clock. */
  positionMs: number
  speechEndedAtMs: number | null
  decidedAtMs: number
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
  /** The wake word was said, and ends at this position: what it begins is heard from there on, itself too. */
  | { order: 'wake'; next: number; positionMs: number }
  /** Nothing but the wake word is heard any more. */
  | { order: 'sleep' }
  | { order: 'off' }

export type HearingOptions = {
  activity: VoiceActivity
  sampleRate: number
  endpointing: Endpointing
  maxUtteranceMs: number
  /** Something may come to be speech. */
  sound(stretch: number, voicedMs: number): void
  /** Somebody speaks: who takes it. While nobody does, asked again with every frame. */
  voiced(stretch: number, positionMs: number, voicedMs: number): UtteranceTaker | null
  ended(stretch: number, last: boolean, end: UtteranceEnd): void
  /** No frames come any more, or a pressed button's utterance is as long as one may be. */
  cutOff(stretch: number): void
  failed(error: unknown): void
} & WakeEarHandlers

export type Hearing = {
  audio(samples: Int16Array, arrivedAtMs: number): void
  obey(order: HearingOrder): void
  /** Gives the utterance of push-to-talk that was opened to `taker`. */
  take(taker: UtteranceTaker): void
  setEndpointing(endpointing: Endpointing): void
  /** What wakes the session from now on; null: nothing has to. */
  setWakeWord(wake: WakeSettings | null): void
  /** How much was heard, on the session's timeline. */
  positionMs(): number
}

/** The session's ears: one that goes on in hands-free mode, and in wake-word mode while it is awake, one for each utterance in push-to-talk. */
export function createHearing(options: HearingOptions): Hearing {
  const { activity, sampleRate, maxUtteranceMs, failed } = options
  const clock = createAudioClock()
  const watch = createWatch(options.cutOff)
  let { endpointing } = options
  let positionMs = 0
  let samplesHeard = 0
  let ear: Ear | null = null
  let wakeEar: WakeEar | null = null
  let recent = createRecentSound(sampleRate, KEPT_SOUND_MS)
  /** The stretch that frames belong to now, and where one of push-to-talk began; null while nobody listens. */
  let current: { stretch: number; pressedAtMs: number | null } | null = null

  function openEar(stretch: number, listenerOptions: ListenerOptions, startMs = positionMs): Ear {
    return createEar(activity, sampleRate, startMs, stretch, listenerOptions, {
      sound: options.sound,
      voiced: options.voiced,
      ended: (which, last, utterance, by) =>
        options.ended(which, last, endOf(utterance, by, clock, positionMs)),
      failed,
    })
  }

  /** Who ends an utterance that its own end does not. */
  function endedBy(commitAtMs: number | null): EndedBy {
    const pressedAtMs = current?.pressedAtMs ?? positionMs
    const cutOff = positionMs - pressedAtMs >= maxUtteranceMs ? 'too-long' : 'stalled'
    return { decidedBy: commitAtMs === null ? cutOff : 'commit', textState: null, endsHere: null, commitAtMs }
  }

  function wake(stretch: number, wordEndMs: number): void {
    const sound = recent.last(positionMs - wordEndMs + WAKE_WORD_MS)
    const startMs = positionMs - durationMs(sound.length, sampleRate)
    ear = openEar(stretch, handsFree(maxUtteranceMs, endpointing), startMs)
    current = { stretch, pressedAtMs: null }
    ear.push(sound)
  }

  function setWakeWord(wake: WakeSettings | null): void {
    wakeEar?.close()
    recent = createRecentSound(sampleRate, KEPT_SOUND_MS)
    wakeEar = wake && createWakeEar(sampleRate, positionMs, wake, options)
  }

  function obey(order: HearingOrder): void {
    watch.end()
    switch (order.order) {
      case 'open':
        ear = openEar(order.stretch, pushToTalk())
        current = { stretch: order.stretch, pressedAtMs: positionMs }
        watch.wait(order.stretch, maxUtteranceMs)
        return
      case 'close':
        ear?.end(endedBy(order.commitAtMs))
        break
      case 'commit':
        ear?.commit(order.next, endedBy(order.commitAtMs))
        current = { stretch: order.next, pressedAtMs: null }
        return
      case 'drop':
        ear?.drop(order.next)
        current = { stretch: order.next, pressedAtMs: null }
        // The rest of it is not heard either, if it still comes.
        watch.wait(order.next, STALLED_MS)
        return
      case 'mode':
        // The one before hears to its end what came before, for whom has committed it.
        if (order.mode !== 'hands-free') break
        ear = openEar(order.next, handsFree(maxUtteranceMs, endpointing))
        current = { stretch: order.next, pressedAtMs: null }
        return
      case 'wake':
        wake(order.next, order.positionMs)
        return
      case 'off':
        setWakeWord(null)
        ear?.close()
        break
      case 'forget':
      case 'sleep':
        ear?.close()
    }
    ear = null
    current = null
  }

  return {
    audio(samples, arrivedAtMs) {
      samplesHeard += samples.length
      positionMs = durationMs(samplesHeard, sampleRate)
      clock.arrived(positionMs, arrivedAtMs)
      wakeEar?.push(samples)
      if (wakeEar !== null) recent.push(samples)
      ear?.push(samples)
      if (current === null) return
      const { stretch, pressedAtMs } = current
      if (pressedAtMs !== null && positionMs - pressedAtMs >= maxUtteranceMs) options.cutOff(stretch)
      else watch.wait(stretch, STALLED_MS)
    },
    obey,
    take: taker => ear?.take(taker),
    setEndpointing(next) {
      endpointing = next
      if (current?.pressedAtMs === null) ear?.setEndpointing(next)
    },
    setWakeWord,
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
  by: EndedBy,
  clock: AudioClock,
  positionMs: number,
): UtteranceEnd {
  const lastVoicedMs = utterance?.lastVoicedMs ?? null
  const decidedAtMs = performance.now()
  // A last frame is filled up with silence, and so may seem to end after the button went up.
  const latestMs = Math.min(decidedAtMs, by.commitAtMs ?? decidedAtMs)
  return {
    ...by,
    utterance,
    positionMs: lastVoicedMs ?? positionMs,
    speechEndedAtMs: lastVoicedMs === null ? null : Math.min(latestMs, clock.at(lastVoicedMs)),
    decidedAtMs,
  }
}

/** Waits for more frames of a stretch, one at a time. */
function createWatch(cutOff: (stretch: number) => void) {
  let timer: NodeJS.Timeout | undefined
  const end = () => clearTimeout(timer)
  return {
    wait(stretch: number, withinMs: number): void {
      end()
      timer = setTimeout(() => cutOff(stretch), withinMs)
    },
    end,
  }
}
