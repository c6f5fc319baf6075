/** What a network puts around a sentence is far below it (hibari's 120 dB below full scale), its softest consonants begin no more than the lead before they are above this. */
const QUIETEST = 10 ** (-50 / 20)
const isHeard = (sample: number) => Math.abs(sample) > QUIETEST

/** Kept before the first sound. */
const LEAD_MS = 30
/** Between two clauses, with the lead of the next: a breath behind a sentence, less behind a comma. */
const PAUSES_MS = { sentence: 160, clause: 80 }

/** How long one is silent behind what ends in this way. */
export const pauseMsAfter = (phonemes: string): number =>
  /[.!?…][^\p{L}]*$/u.test(phonemes) ? PAUSES_MS.sentence : PAUSES_MS.clause

/**
 * A sentence without the silence that a network begins and ends it with, 300 and 450 ms of hibari's: it would be heard so much later, and each
 * clause three quarters of a second after the one before. Pauses within stay as they are.
 * @param pauseMs is left at its end
 * @param sampleRate hertz
 */
export function* withoutSilence(
  pieces: Iterable<Float32Array>,
  pauseMs: number,
  sampleRate: number,
): Generator<Float32Array> {
  const lead = Math.round((LEAD_MS / 1000) * sampleRate)
  /** Quiet, and nobody knows yet whether more follows. */
  let held: Float32Array[] = []
  let hasBegun = false
  for (const piece of pieces) {
    const last = piece.findLastIndex(isHeard)
    if (last < 0) {
      held.push(piece)
      continue
    }
    const first = piece.findIndex(isHeard)
    if (hasBegun) yield* held
    else if (first < lead) yield held.at(-1)?.subarray(first - lead) ?? new Float32Array()
    yield piece.subarray(hasBegun ? 0 : Math.max(0, first - lead), last + 1)
    held = [piece.subarray(last + 1)]
    hasBegun = true
  }
  let left = Math.round((pauseMs / 1000) * sampleRate)
  for (const piece of held) {
    yield piece.subarray(0, left)
    left = Math.max(0, left - piece.length)
  }
}
