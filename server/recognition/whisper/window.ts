/** The full encoder window: 30 s in steps of 20 ms. */
export const FULL_WINDOW = 1500

/**
 * whisper.cpp pads its keys and values to so many rows and attends to the padding without a mask (`n_audio_ctx_pad` in
 * whisper.cpp 1.9.1): rows that an earlier request left there. Whole multiples have no padding, so their result depends on
 * the clip alone.
 */
const STEP = 256
/**
 * Smallest window that never looped in the bench. Whisper was trained on 30 s only: the shorter the window, the more often
 * the decoder misses its end and repeats itself.
 */
const FLOOR = 3 * STEP
/** Silence after the clip that the decoder needs to find its end, at least. */
const MARGIN = 128

/**
 * Pieces of a long clip: as long as the smallest window takes, so that 20 s cost two small windows and not a full one; a stretch
 * without a pause stays whole up to the full window. Measured with tiny.en q8_0 on clips of a minute: 6.2 % of the words wrong
 * against 7.1 % in pieces of 30 s, in less time.
 */
export const pieceLimits = { packMs: (FLOOR - MARGIN) * 20, maxMs: 30_000 }

/**
 * Up to here a decoding goes without timestamps: one pass over the window, and fewer tokens. Longer pieces, of many sentences,
 * loop in small windows without them (4 of 31 measured, none with timestamps).
 */
const PLAIN_MS = 8_000

export function needsTimestamps(audioMs: number): boolean {
  return audioMs > PLAIN_MS
}

/** The encoder window (`audio_ctx`, steps of 20 ms) for a clip of up to 30 s. */
export function windowFor(audioMs: number): number {
  const needed = Math.ceil((audioMs / 20 + MARGIN) / STEP) * STEP
  return Math.min(FULL_WINDOW, Math.max(FLOOR, needed))
}
