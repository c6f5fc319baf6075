import { durationMs } from '../audio/pcm.ts'
import type { Speech, SpeechSegment } from '../audio/utterance.ts'
import { createBreather } from '../audio/yielding.ts'
import {
  type TrackerEvent,
  type TrackerOptions,
  track,
  trackEnd,
  trackerDefaults,
  trackerStart,
} from './speechTracker.ts'
import { FRAME_SAMPLES, type VoiceActivity } from './voiceActivity.ts'

/** Silences of 300 ms and more lie between the segments. */
export type SpeechFound = Speech & {
  /** End of the last voiced frame, null where there is none. */
  lastVoicedMs: number | null
  /** Speech probability of each 32 ms frame. */
  probabilities: Float32Array
}

const offlineOptions: TrackerOptions = {
  ...trackerDefaults,
  silenceMs: 300,
  maxUtteranceMs: Number.POSITIVE_INFINITY,
}

export type FindSpeech = (samples: Int16Array, signal: AbortSignal) => Promise<SpeechFound>

/** Finds speech in whole clips (mono, 16 kHz). 2.5 ms a second of audio on the event loop, in steps of 1 ms. */
export function createFindSpeech(activity: VoiceActivity): FindSpeech {
  return (samples, signal) => findSpeech(activity, samples, signal)
}

async function findSpeech(
  activity: VoiceActivity,
  samples: Int16Array,
  signal: AbortSignal,
): Promise<SpeechFound> {
  const breathe = createBreather(signal)
  const stream = activity.open()
  const probabilities = new Float32Array(Math.ceil(samples.length / FRAME_SAMPLES))
  for (let index = 0; index < probabilities.length; index++) {
    const start = index * FRAME_SAMPLES
    const part = samples.subarray(start, start + FRAME_SAMPLES)
    let frame = part
    if (part.length < FRAME_SAMPLES) {
      frame = new Int16Array(FRAME_SAMPLES)
      frame.set(part)
    }
    probabilities[index] = await stream.push(frame)
    await breathe()
  }
  return { ...segmentsOf(probabilities, durationMs(samples.length)), probabilities }
}

/** Segments of speech by the probabilities of all frames. */
export function segmentsOf(
  probabilities: Iterable<number>,
  clipMs: number,
): Omit<SpeechFound, 'probabilities'> {
  const segments: SpeechSegment[] = []
  let speechMs = 0
  let state = trackerStart
  const take = (event: TrackerEvent | null) => {
    if (event?.type !== 'ended') return
    segments.push({ startMs: event.startMs, endMs: Math.min(clipMs, event.lastVoicedMs) })
    speechMs += event.speechMs
  }
  for (const probability of probabilities) {
    const step = track(state, probability, offlineOptions)
    state = step.state
    take(step.event)
  }
  take(trackEnd(state))
  return { segments, speechMs: Math.min(speechMs, clipMs), lastVoicedMs: segments.at(-1)?.endMs ?? null }
}
