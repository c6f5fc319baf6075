/** The full encoder window: 30 s in steps of 20 ms. */
export const fullWindow = 1500
/** The longest clip that fits into it. */
export const maxPieceMs = 30_000

/** Smallest window that never looped by itself in our measurements; see facts in `npm run bench:turns`. */
const floor = 768
const margin = 128

/**
 * The encoder window (`audio_ctx`) for a clip. Whisper was trained on 30 s only: the shorter the window, the more often
 * the decoder misses its end and repeats itself.
 */
export function windowFor(audioMs: number): number {
  return Math.min(fullWindow, Math.max(floor, Math.ceil(audioMs / 20) + margin))
}
