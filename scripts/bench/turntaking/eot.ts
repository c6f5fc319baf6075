/** A pause: how long it was, and after how much of it a detector alone would end the turn; Infinity for never. Milliseconds. */
export type Fired = { durationMs: number; fireMs: number }

/** Action delay and time-out of a policy on top of a detector, milliseconds. */
type Policy = { actionDelayMs: number; timeoutMs: number }

const STEP_MS = 20
/** No policy waits longer, as in eot-bench. */
const MAX_MS = 5000

/**
 * The figures of eot-bench (LiveKit, Apache-2.0): a hold is cut off where it is longer than min(timeout, max(action delay, fire)), and the delay
 * is the mean of that over true ends.
 * @param holds pauses that the speaker went on after
 * @param endsMs after how much silence the detector fired at true ends
 */
export function eotFigures(holds: readonly Fired[], endsMs: readonly number[], policy: Policy) {
  const cut = holds.filter(({ durationMs, fireMs }) => durationMs > actsMs(fireMs, policy)).length
  const delay = endsMs.reduce((sum, fireMs) => sum + actsMs(fireMs, policy), 0)
  return { cutPercent: (100 * cut) / holds.length, delayMs: delay / endsMs.length }
}

const actsMs = (fireMs: number, { actionDelayMs, timeoutMs }: Policy) =>
  Math.min(timeoutMs, Math.max(actionDelayMs, fireMs))

/**
 * The best of all policies on top of a detector.
 * @returns least percent cut off at a mean delay of at most `delayMs`, least mean delay at no more than `cutPercent` cut off; null where none does
 */
export function eotBest(holds: readonly Fired[], endsMs: readonly number[]) {
  const all = policies().map(policy => eotFigures(holds, endsMs, policy))
  const least = (values: readonly number[]) => (values.length === 0 ? null : Math.min(...values))
  return {
    cutPercentAt: (delayMs: number) =>
      least(all.filter(one => one.delayMs <= delayMs).map(({ cutPercent }) => cutPercent)),
    delayMsAt: (cutPercent: number) =>
      least(all.filter(one => one.cutPercent <= cutPercent).map(({ delayMs }) => delayMs)),
  }
}

function policies(): Policy[] {
  const steps = Array.from({ length: MAX_MS / STEP_MS + 1 }, (_, index) => index * STEP_MS)
  return steps.flatMap(timeoutMs =>
    steps.filter(delay => delay <= timeoutMs).map(actionDelayMs => ({ actionDelayMs, timeoutMs })),
  )
}
