import { durationMs, samplesIn } from '../../audio/pcm.ts'
import type { Speech, SpeechSegment } from '../../audio/utterance.ts'

/** Kept around speech, so that soft first and last sounds stay. */
const PAD_MS = 320

export type Piece = { startMs: number; endMs: number }

export type PieceLimits = {
  /** Stretches of speech are put together up to this length. */
  packMs: number
  /** A stretch longer than this is cut inside. */
  maxMs: number
}

/**
 * Cuts a clip into pieces that together hold all its speech, with the silence around them left out. Pieces end in the middle of
 * pauses; only a stretch of speech that is itself longer than `maxMs` is cut inside, at its quietest place.
 */
export function splitAtPauses(
  samples: Int16Array,
  segments: readonly SpeechSegment[],
  { packMs, maxMs }: PieceLimits,
): Piece[] {
  const clipMs = durationMs(samples.length)
  const pieces: Piece[] = []
  let current: Piece | null = null
  for (const segment of segments.flatMap(whole => shortEnough(samples, whole, maxMs - 2 * PAD_MS))) {
    if (current !== null && segment.endMs - current.startMs + PAD_MS * 2 <= packMs) {
      current.endMs = segment.endMs
    } else {
      current = { ...segment }
      pieces.push(current)
    }
  }
  return pieces.map((piece, index) => {
    const before = pieces[index - 1]?.endMs ?? 0
    const after = pieces[index + 1]?.startMs ?? clipMs
    const limitBefore = index === 0 ? 0 : (before + piece.startMs) / 2
    const limitAfter = index === pieces.length - 1 ? clipMs : (piece.endMs + after) / 2
    return {
      startMs: Math.max(limitBefore, piece.startMs - PAD_MS, 0),
      endMs: Math.min(limitAfter, piece.endMs + PAD_MS, clipMs),
    }
  })
}

/** A stretch of speech in parts of at most `maxMs`, cut at the quietest 100 ms of each part's last third. */
function shortEnough(samples: Int16Array, segment: SpeechSegment, maxMs: number): SpeechSegment[] {
  const parts: SpeechSegment[] = []
  let startMs = segment.startMs
  while (segment.endMs - startMs > maxMs) {
    const cutMs = quietest(samples, startMs + (maxMs * 2) / 3, startMs + maxMs)
    parts.push({ startMs, endMs: cutMs })
    startMs = cutMs
  }
  parts.push({ startMs, endMs: segment.endMs })
  return parts
}

function quietest(samples: Int16Array, fromMs: number, toMs: number): number {
  const stepMs = 10
  const windowMs = 100
  let best = { energy: Number.POSITIVE_INFINITY, ms: toMs - windowMs / 2 }
  for (let ms = fromMs; ms + windowMs <= toMs; ms += stepMs) {
    let energy = 0
    for (let index = samplesIn(ms); index < samplesIn(ms + windowMs); index++)
      energy += (samples[index] ?? 0) ** 2
    if (energy < best.energy) best = { energy, ms: ms + windowMs / 2 }
  }
  return best.ms
}

/** The samples of a piece. */
export function cut(samples: Int16Array, piece: Piece): Int16Array {
  return samples.subarray(samplesIn(piece.startMs), samplesIn(piece.endMs))
}

/** Voiced time in a piece: all of it for one piece, by the length of its segments for many. */
export function speechIn(piece: Piece, speech: Speech): number {
  const inside = speech.segments.map(
    ({ startMs, endMs }) => Math.min(endMs, piece.endMs) - Math.max(startMs, piece.startMs),
  )
  return Math.min(
    speech.speechMs,
    inside.reduce((sum, lengthMs) => sum + Math.max(0, lengthMs), 0),
  )
}
