import { durationMs } from '../audio/pcm.ts'
import type { Utterance } from '../audio/utterance.ts'
import type { Mode } from '../protocol/socketClient.ts'
import { createAudioClock } from './audioClock.ts'
import { createEar, type Ear } from './ear.ts'
import type { ListenerEvent, ListenerOptions } from './listener.ts'
import { trackerDefaults } from './speechTracker.ts'
import { frameMs, type VoiceActivity } from './voiceActivity.ts'

/** More than the recognizer keeps around speech, so that the first sound is never cut. */
const PRE_ROLL_MS = 400
/** Silence after which the utterance so far is decoded early: longer than the closure of most stop consonants. */
const PAUSE_MS = 128

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

/** Who takes an utterance. */
export type UtteranceTaker = {
  progress(heardUntilMs: number, current: () => Utterance | null): void
  paused(utterance: Utterance): void
  resumed(): void
  ended(end: UtteranceEnd): void
}

export type HearingOptions = {
  activity: VoiceActivity
  sampleRate: number
  mode: Mode
  silenceMs: number
  maxUtteranceMs: number
  /** Offers speech with so much voiced; whoever takes it gets all of it. Offered again with every frame while nobody does. */
  offer(startMs: number, voicedMs: number): UtteranceTaker | null
  failed(error: unknown): void
}

export type Hearing = {
  audio(samples: Int16Array, arrivedAtMs: number): void
  /** Push-to-talk: what comes from now on is an utterance of `taker`. */
  begin(makeTaker: (positionMs: number) => UtteranceTaker): void
  /** Ends the utterance now. */
  commit(arrivedAtMs: number): void
  /** Forgets the utterance. */
  drop(): void
  isOpen(): boolean
  mode(): Mode
  setMode(mode: Mode): void
  setSilenceMs(silenceMs: number): void
  close(): void
}

/** The session's ears: continuous in hands-free mode, one for each utterance in push-to-talk. */
export function createHearing(options: HearingOptions): Hearing {
  const { activity, sampleRate, maxUtteranceMs, failed } = options
  const clock = createAudioClock()
  let mode = options.mode
  let silenceMs = options.silenceMs
  let positionMs = 0
  let samplesHeard = 0
  let speechStartMs = 0
  let taker: UtteranceTaker | null = null
  let commitAtMs: number | null = null
  let pressedAtMs = 0
  let ear: Ear | null = mode === 'hands-free' ? openEar(0, handsFree()) : null

  function handsFree(): ListenerOptions {
    const pauseMs = Math.min(PAUSE_MS, Math.max(frameMs, silenceMs - 2 * frameMs))
    return { ...trackerDefaults, pauseMs, silenceMs, maxUtteranceMs, preRollMs: PRE_ROLL_MS }
  }

  function pushToTalk(): ListenerOptions {
    const forEver = Number.POSITIVE_INFINITY
    const { onset, release } = trackerDefaults
    return {
      ...{ onset, release, pauseMs: PAUSE_MS, minSpeechMs: frameMs },
      ...{ silenceMs: forEver, maxUtteranceMs: forEver, preRollMs: forEver },
    }
  }

  function openEar(startMs: number, listenerOptions: ListenerOptions): Ear {
    const opened = createEar(activity, sampleRate, startMs, listenerOptions, {
      frame: event => onFrame(opened, event),
      failed,
    })
    return opened
  }

  function onFrame(from: Ear, event: ListenerEvent | null): void {
    if (from !== ear) return
    if (event?.type === 'started') speechStartMs = event.positionMs
    if (event?.type === 'ended') {
      const ended = taker
      taker = null
      finish(ended, event.utterance, commitAtMs)
      commitAtMs = null
      return
    }
    const voicedMs = from.speechMs()
    if (voicedMs === 0) return
    taker ??= mode === 'hands-free' ? options.offer(speechStartMs, voicedMs) : null
    if (taker === null) return
    if (event?.type === 'paused') taker.paused(event.utterance)
    else if (event?.type === 'resumed') taker.resumed()
    else if (event === null) taker.progress(positionMs, from.utterance)
  }

  function finish(
    ended: UtteranceTaker | null,
    utterance: Utterance | null,
    committedAtMs: number | null,
  ): void {
    const lastVoicedMs = utterance?.lastVoicedMs ?? null
    const decidedAtMs = performance.now()
    ended?.ended({
      utterance,
      positionMs: lastVoicedMs ?? positionMs,
      speechEndedAtMs: lastVoicedMs === null ? null : Math.min(decidedAtMs, clock.at(lastVoicedMs)),
      decidedAtMs,
      commitAtMs: committedAtMs,
    })
  }

  /** The button is up: what was said so far is the utterance, once it is all heard. */
  function release(committedAtMs: number | null): void {
    const [used, ended] = [ear, taker]
    ear = null
    taker = null
    used?.end().then(utterance => finish(ended, utterance, committedAtMs), failed)
  }

  return {
    audio(samples, arrivedAtMs) {
      samplesHeard += samples.length
      positionMs = durationMs(samplesHeard, sampleRate)
      clock.arrived(positionMs, arrivedAtMs)
      ear?.push(samples)
      if (mode === 'push-to-talk' && ear !== null && positionMs - pressedAtMs >= maxUtteranceMs) release(null)
    },
    begin(makeTaker) {
      pressedAtMs = positionMs
      taker = makeTaker(positionMs)
      ear = openEar(positionMs, pushToTalk())
    },
    commit(arrivedAtMs) {
      if (mode === 'push-to-talk') release(arrivedAtMs)
      else if (taker !== null) {
        commitAtMs = arrivedAtMs
        ear?.commit()
      }
    },
    drop() {
      taker = null
      commitAtMs = null
      if (mode === 'hands-free') ear?.drop()
      else {
        ear?.close()
        ear = null
      }
    },
    isOpen: () => (mode === 'hands-free' ? taker !== null : ear !== null),
    mode: () => mode,
    setMode(next) {
      if (next === mode) return
      ear?.close()
      taker = null
      mode = next
      ear = mode === 'hands-free' ? openEar(positionMs, handsFree()) : null
    },
    setSilenceMs(next) {
      silenceMs = next
      if (mode === 'hands-free') ear?.setSilenceMs(next)
    },
    close() {
      ear?.close()
      ear = null
      taker = null
    },
  }
}
