import { FRAME_MS } from './voiceActivity.ts'

export type TrackerOptions = {
  /** Probability at which a frame begins to be voiced. */
  onset: number
  /** Probability below which it ceases; Silero's own tools take 0.15 less than the onset. */
  release: number
  /** Voiced time before it counts as speech: a click or a cough is nothing. */
  minSpeechMs: number
  /** Silence after which a pause is reported. */
  pauseMs: number
  /** Silence that ends an utterance. */
  silenceMs: number
  /** An utterance is ended when it gets so long. */
  maxUtteranceMs: number
}

export const trackerDefaults: TrackerOptions = {
  onset: 0.5,
  release: 0.35,
  minSpeechMs: 160,
  pauseMs: 192,
  silenceMs: 500,
  maxUtteranceMs: 60_000,
}

/** Silence that makes a beginning too short for speech be forgotten. */
const FORGET_MS = 256

export type TrackerState = {
  /** Frames seen. */
  frames: number
  voiced: boolean
  utterance: null | {
    startFrame: number
    /** First frame after the last voiced one. */
    endFrame: number
    voicedFrames: number
    /** Long enough to count as speech. */
    confirmed: boolean
    paused: boolean
  }
}

/** What a frame changed; positions are on the timeline of the frames. */
export type TrackerEvent =
  | { type: 'started'; positionMs: number }
  | { type: 'paused' | 'resumed'; lastVoicedMs: number; speechMs: number }
  | {
      type: 'ended'
      startMs: number
      lastVoicedMs: number
      speechMs: number
      reason: 'silence' | 'too-long' | 'end'
    }

export const trackerStart: TrackerState = { frames: 0, voiced: false, utterance: null }

/**
 * One step of the hysteresis machine that makes utterances of speech probabilities: voiced from `onset` on, until
 * below `release`; speech once enough is voiced; over after enough silence. Pure: the same probabilities give the
 * same events, live or offline.
 */
export function track(
  state: TrackerState,
  probability: number,
  options: TrackerOptions,
): { state: TrackerState; event: TrackerEvent | null } {
  const frame = state.frames
  const frames = frame + 1
  const voiced = probability >= (state.voiced ? options.release : options.onset)
  const before = state.utterance
  if (before === null) {
    const utterance = voiced
      ? { startFrame: frame, endFrame: frames, voicedFrames: 1, confirmed: false, paused: false }
      : null
    return { state: { frames, voiced, utterance }, event: null }
  }

  const utterance = voiced
    ? { ...before, endFrame: frames, voicedFrames: before.voicedFrames + 1, paused: false }
    : before
  const next = (changed = utterance): TrackerState => ({ frames, voiced, utterance: changed })
  const silentMs = (frames - utterance.endFrame) * FRAME_MS
  const lengthMs = (frames - utterance.startFrame) * FRAME_MS

  if (!utterance.confirmed) {
    if (utterance.voicedFrames * FRAME_MS >= options.minSpeechMs) {
      const event = { type: 'started' as const, positionMs: utterance.startFrame * FRAME_MS }
      return { state: next({ ...utterance, confirmed: true }), event }
    }
    return { state: silentMs >= FORGET_MS ? { frames, voiced, utterance: null } : next(), event: null }
  }
  if (lengthMs >= options.maxUtteranceMs) {
    return { state: { frames, voiced: false, utterance: null }, event: ended(utterance, 'too-long') }
  }
  if (voiced && before.paused) {
    return { state: next(), event: { type: 'resumed', ...figures(utterance) } }
  }
  if (silentMs >= options.silenceMs) {
    return { state: { frames, voiced, utterance: null }, event: ended(utterance, 'silence') }
  }
  if (!utterance.paused && silentMs >= options.pauseMs) {
    return { state: next({ ...utterance, paused: true }), event: { type: 'paused', ...figures(utterance) } }
  }
  return { state: next(), event: null }
}

/** The end of an utterance that the end of the audio, or a `commit`, ended; null where there was none. */
export function trackEnd(state: TrackerState): TrackerEvent | null {
  return state.utterance?.confirmed === true ? ended(state.utterance, 'end') : null
}

type Utterance = NonNullable<TrackerState['utterance']>

function figures(utterance: Utterance) {
  return { lastVoicedMs: utterance.endFrame * FRAME_MS, speechMs: utterance.voicedFrames * FRAME_MS }
}

function ended(utterance: Utterance, reason: 'silence' | 'too-long' | 'end'): TrackerEvent {
  return { type: 'ended', startMs: utterance.startFrame * FRAME_MS, ...figures(utterance), reason }
}
