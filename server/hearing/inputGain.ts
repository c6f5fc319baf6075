import { levelDb } from '../audio/pcm.ts'

/** dBFS (RMS of a frame) that quieter sound is brought up to, as far as `MOST_DB` does; louder sound stays as it is. */
const TARGET_DB = -36
const MOST_DB = 12
/** Sound below this is taken for no quieter than this. */
const FLOOR_DB = -55
/** After louder sound the gain comes back so fast. */
const RELEASE_DB_PER_S = 15

export type InputGain = {
  /** Linear gain for this frame, 1 or more. Frames come in order; the gain falls at once and rises slowly. */
  next(frame: Int16Array): number
}

/**
 * Follows how loud a microphone is, for a detector that misses the beginning of quiet speech. The figures were chosen on the public
 * clips: at −45 dBFS behind others at −20 none begins late, in steady noise none ends later, and no sound that is not speech begins
 * an utterance at any level.
 * @param frameMs length of a frame
 */
export function createInputGain(frameMs: number): InputGain {
  let loudDb = Number.NEGATIVE_INFINITY
  return {
    next(frame) {
      loudDb = Math.max(levelDb(frame), loudDb - (RELEASE_DB_PER_S * frameMs) / 1000, FLOOR_DB)
      const gainDb = Math.min(MOST_DB, Math.max(0, TARGET_DB - loudDb))
      return 10 ** (gainDb / 20)
    },
  }
}
