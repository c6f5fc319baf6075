import { durationMs } from '../audio/pcm.ts'
import type { SynthesisTimings } from '../protocol/record.ts'
import type { SpokenAudio } from '../voice/synthesize.ts'

/**
 * Counts audio of a voice into the turn that it is spoken in.
 *
 * @param askedAt when the first clause was handed over; null where none was marked
 * @param resumedAt when the voice was asked for this audio (milliseconds, as `arrivedAt`)
 */
export function countSpoken(
  timings: SynthesisTimings,
  audio: SpokenAudio,
  { askedAt, resumedAt, arrivedAt }: { askedAt: number | null; resumedAt: number; arrivedAt: number },
): void {
  // What the engine does not tell is taken from outside.
  const inferenceMs = (timings.inferenceMs ?? 0) + (audio.inferenceMs ?? arrivedAt - resumedAt)
  const audioMs = (timings.audioMs ?? 0) + durationMs(audio.samples.length, audio.sampleRate)
  const realTimeFactor = audioMs > 0 ? inferenceMs / audioMs : null
  Object.assign(timings, { inferenceMs, audioMs, realTimeFactor })
  if (askedAt !== null) timings.timeToFirstAudioMs ??= arrivedAt - askedAt
}
