import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { randomFrom, seedOf } from '../../../server/shared/seeded.ts'
import type { SpeechClip } from '../speechClips.ts'

/** Kept around the speech of a clip. */
const MARGIN_MS = 300
/** A session is played in real time. */
const MAX_CLIP_MS = 10_000
const SHORTEST_HOLD_MS = 300
const LONGEST_HOLD_MS = 1500
/** Where in the speech a hold may be, as shares of it: not so early that nothing was said. */
const FROM = 0.35
const TO = 0.75
/** A hold is put where so much is quietest. */
const QUIET_MS = 60
const ROOM_TONE_MS = 160

/** An utterance with one pause put into it, in which a speaker goes on. Positions in milliseconds of `samples`. */
export type Hold = {
  file: string
  speaker: string
  samples: Int16Array
  holdMs: number
  holdStartMs: number
}

/**
 * So many holds for each clip that is one stretch of speech, of room tone of the clip itself, at places and of lengths that the
 * seed decides; lengths are spread evenly on a logarithmic scale.
 */
export function holdsOf(clips: readonly SpeechClip[], perClip: number, seed: number): Hold[] {
  return clips.flatMap(clip => {
    const [segment, ...more] = clip.found.segments
    if (segment === undefined || more.length > 0 || segment.endMs - segment.startMs > MAX_CLIP_MS) return []
    const random = randomFrom(seedOf(seed, clip.file))
    const fromMs = Math.max(0, segment.startMs - MARGIN_MS)
    const samples = clip.samples.subarray(samplesIn(fromMs), samplesIn(segment.endMs + MARGIN_MS))
    const tone = roomTone(samples)
    return Array.from({ length: perClip }, (_, index) => {
      const share = () => (index + random()) / perClip
      const holdMs = Math.round(SHORTEST_HOLD_MS * (LONGEST_HOLD_MS / SHORTEST_HOLD_MS) ** share())
      const about =
        segment.startMs - fromMs + (segment.endMs - segment.startMs) * (FROM + (TO - FROM) * share())
      const holdStartMs = quietest(samples, about - 150, about + 150, QUIET_MS) + QUIET_MS / 2
      const at = samplesIn(holdStartMs)
      const pause = toneOf(tone, samplesIn(holdMs))
      const whole = joinSamples([samples.slice(0, at), pause, samples.slice(at)])
      return { file: clip.file, speaker: clip.speaker ?? clip.file, samples: whole, holdMs, holdStartMs }
    })
  })
}

/** The quietest stretch of a clip. */
export function roomTone(samples: Int16Array): Int16Array {
  const endMs = samples.length / 16
  const fromMs = quietest(samples, 0, endMs - ROOM_TONE_MS, ROOM_TONE_MS)
  return samples.slice(samplesIn(fromMs), samplesIn(fromMs + ROOM_TONE_MS))
}

/** So many samples of room tone: what there is of it, to and fro. */
export function toneOf(tone: Int16Array, length: number): Int16Array {
  const period = 2 * tone.length
  return Int16Array.from({ length }, (_, index) => {
    const place = index % period
    return tone[place < tone.length ? place : period - 1 - place] ?? 0
  })
}

/** Where the quietest stretch of `lengthMs` begins that begins between two times. */
function quietest(samples: Int16Array, fromMs: number, toMs: number, lengthMs: number): number {
  let best = { energy: Number.POSITIVE_INFINITY, ms: Math.max(0, fromMs) }
  for (let ms = Math.max(0, fromMs); ms <= toMs; ms += 5) {
    const stretch = samples.subarray(samplesIn(ms), samplesIn(ms + lengthMs))
    const energy = stretch.reduce((sum, sample) => sum + sample * sample, 0)
    if (energy < best.energy) best = { energy, ms }
  }
  return best.ms
}
