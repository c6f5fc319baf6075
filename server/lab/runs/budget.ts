import type { Phase } from '../measuring/step.ts'

/** Kept for judging and the report at the end. */
const RESERVE_SHARE = 0.05
const MAX_RESERVE_MS = 15_000
/** Units differ in length. */
const SAFETY = 1.15

/**
 * Plans by what units turn out to cost. Each phase gets its share of what is left when it begins, and does at least one unit
 * while there is any time; what it leaves goes to those after it.
 *
 * @param totalMs null: nothing is cut
 * @param elapsedMs of the whole run so far, earlier parts of a resumed one included
 */
export function createBudget(totalMs: number | null, elapsedMs: () => number) {
  const costs = new Map<Phase, number[]>()
  const allowances = new Map<Phase, number>()
  const endMs = totalMs === null ? null : totalMs - Math.min(MAX_RESERVE_MS, totalMs * RESERVE_SHARE)
  const leftMs = () => (endMs === null ? null : endMs - elapsedMs())

  function nextCostMs(phase: Phase): number {
    const known = costs.get(phase) ?? []
    if (known.length === 0) return phase.firstUnitMs ?? 0
    // The first units of a phase hold what is done once; later ones tell better.
    const recent = known.slice(-5)
    return (recent.reduce((sum, ms) => sum + ms, 0) / recent.length) * SAFETY
  }

  return {
    /** Milliseconds that are left; null without a budget. */
    leftMs,
    /** A phase begins, with these still to come after it: its share is of what is left now. */
    begin(phase: Phase, later: readonly Phase[]): void {
      const shares = [phase, ...later].reduce((sum, { share }) => sum + share, 0)
      allowances.set(phase, shares === 0 ? 0 : ((leftMs() ?? 0) * phase.share) / shares)
    },
    /** Whether the next unit of this phase fits; `first` passes keep to the phase's share, `rest` takes all that is left. */
    allows(phase: Phase, pass: 'first' | 'rest'): boolean {
      const left = leftMs()
      if (left === null) return true
      const cost = nextCostMs(phase)
      if (left <= 0 || cost > left) return false
      if (pass === 'rest') return true
      if (phase.share === 0) return false
      const spent = (costs.get(phase) ?? []).reduce((sum, ms) => sum + ms, 0)
      return spent === 0 || spent + cost <= (allowances.get(phase) ?? 0)
    },
    spent(phase: Phase, ms: number): void {
      costs.set(phase, [...(costs.get(phase) ?? []), ms])
    },
  }
}
