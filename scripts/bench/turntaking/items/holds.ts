import { joinSamples, samplesIn } from '../../../../server/audio/pcm.ts'
import { randomFrom, seedOf } from '../../../../server/shared/seeded.ts'
import type { SpeechClip } from '../../speechClips.ts'
import type { TurnItem } from './items.ts'
import { atLevel, inRoom } from './levels.ts'

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
const LOUD_DB = -20
const QUIET_DB = -45
/** Of what is loud before something quiet, and after it until the quiet comes: its turn is over by then. */
const LOUD_MS = 4000
const BETWEEN_MS = 3500

/** `share` of the way from the shortest hold to the longest, which are spread evenly on a logarithmic scale. */
export const holdLength = (share: number): number =>
  Math.round(SHORTEST_HOLD_MS * (LONGEST_HOLD_MS / SHORTEST_HOLD_MS) ** share)

/**
 * So many holds for each clip that is one stretch of speech, at places and of lengths that the seed decides, in turn of room tone of the
 * clip itself and of digital silence.
 */
export function holdsOf(clips: readonly SpeechClip[], perClip: number, seed: number): TurnItem[] {
  return singleStretches(clips).flatMap(({ clip, samples, startMs, speechMs }, which) => {
    const random = randomFrom(seedOf(seed, clip.file))
    const tone = roomTone(samples)
    return Array.from({ length: perClip }, (_, index): TurnItem => {
      const share = () => (index + random()) / perClip
      const holdMs = holdLength(share())
      const about = startMs + speechMs * (FROM + (TO - FROM) * share())
      const holdStartMs = quietest(samples, about - 150, about + 150, QUIET_MS) + QUIET_MS / 2
      const at = samplesIn(holdStartMs)
      const isTone = (which + index) % 2 === 0
      const pause = isTone ? toneOf(tone, samplesIn(holdMs)) : new Int16Array(samplesIn(holdMs))
      const hold = { startMs: holdStartMs, endMs: holdStartMs + holdMs }
      return {
        ...{ set: isTone ? 'room-tone' : 'digital-silence', clip: clip.file, speaker: speakerOf(clip) },
        samples: joinSamples([samples.slice(0, at), pause, samples.slice(at)]),
        ...{ hold, fromMs: hold.endMs },
      }
    })
  })
}

/** Two clips of one speaker, the one after the other. */
export function phrasesOf(clips: readonly SpeechClip[], seed: number): TurnItem[] {
  const bySpeaker = Map.groupBy(singleStretches(clips), ({ clip }) => speakerOf(clip))
  return [...bySpeaker.values()].flatMap(([first, second]) => {
    if (first === undefined || second === undefined) return []
    const share = randomFrom(seedOf(seed, first.clip.file, second.clip.file))()
    const clip = `${first.clip.file} + ${second.clip.file}`
    const speaker = speakerOf(first.clip)
    const before = first.samples.subarray(0, samplesIn(first.startMs + first.speechMs))
    const after = second.samples.subarray(samplesIn(second.startMs))
    return [withHold('two-phrases', clip, speaker, before, after, holdLength(share))]
  })
}

/** Something said, a pause of room tone, and the rest of it. */
export function withHold(
  set: TurnItem['set'],
  clip: string,
  speaker: string,
  before: Int16Array,
  after: Int16Array,
  holdMs: number,
): TurnItem {
  const pause = toneOf(roomTone(before), samplesIn(holdMs))
  const startMs = before.length / 16
  const hold = { startMs, endMs: startMs + holdMs }
  return {
    ...{ set, clip, speaker, hold, fromMs: hold.endMs },
    samples: joinSamples([before, pause, after]),
  }
}

/** Each clip at −45 dBFS behind another at −20, in a quiet room. */
export function quietOnes(clips: readonly SpeechClip[]): TurnItem[] {
  const all = singleStretches(clips)
  return all.map(({ clip, samples }, index) => {
    const other = all[(index + 1) % all.length]?.samples ?? samples
    const loud = atLevel(other, LOUD_DB).subarray(0, samplesIn(LOUD_MS))
    const before = joinSamples([loud, new Int16Array(samplesIn(BETWEEN_MS))])
    const whole = inRoom(joinSamples([before, atLevel(samples, QUIET_DB)]))
    return {
      ...{ set: 'quiet-after-loud', clip: clip.file, speaker: speakerOf(clip), samples: whole, hold: null },
      fromMs: before.length / 16,
    }
  })
}

export const speakerOf = ({ speaker, file }: SpeechClip): string => speaker ?? file

/** The clips that are one stretch of speech and not too long, trimmed; times from the first sample that is left. */
export function singleStretches(clips: readonly SpeechClip[]) {
  return clips.flatMap(clip => {
    const [segment, ...more] = clip.found.segments
    if (segment === undefined || more.length > 0 || segment.endMs - segment.startMs > MAX_CLIP_MS) return []
    const fromMs = Math.max(0, segment.startMs - MARGIN_MS)
    const samples = clip.samples.subarray(samplesIn(fromMs), samplesIn(segment.endMs + MARGIN_MS))
    return [{ clip, samples, startMs: segment.startMs - fromMs, speechMs: segment.endMs - segment.startMs }]
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
