import type { Phase } from '../measuring/step.ts'

export type Budget = {
  /**
   * Whether the next unit of this phase fits: `opening`, where there is any time; `share`, by the phase's share; `rest`, by all that is
   * left.
   */
  allows(phase: Phase, pass: Pass): boolean
  /** A phase goes on after its opening, with these still to come after it: its share is of what they have spent and what is left. */
  begin(phase: Phase, later: readonly Phase[]): void
  spent(phase: Phase, ms: number): void
  /** Milliseconds that are left for measuring; null without a budget. */
  leftMs(): number | null
  /** Milliseconds until the run ends: of so many units still to do, and by the budget; null where neither is known. */
  remainingMs(unitsLeft: readonly (readonly [Phase, number])[]): number | null
}

export type Pass = 'opening' | 'share' | 'rest'

/** Kept for judging and the report at the end. */
const RESERVE_SHARE = 0.05
const MAX_RESERVE_MS = 15_000
/** Units differ in length. */
const SAFETY = 1.15

/**
 * Plans by what units turn out to cost. Every phase does one unit while there is any time, before any does its second; then each
 * gets its share, and what it leaves goes to those after it.
 *
 * @param totalMs null: nothing is cut
 * @param elapsedMs of the whole run so far, earlier parts of a resumed one included
 */
export function createBudget(totalMs: number | null, elapsedMs: () => number): Budget {
  const costs = new Map<Phase, number[]>()
  const allowances = new Map<Phase, number>()
  const endMs = totalMs === null ? null : totalMs - Math.min(MAX_RESERVE_MS, totalMs * RESERVE_SHARE)
  const leftMs = () => (endMs === null ? null : endMs - elapsedMs())

  const spentOn = (phase: Phase) => (costs.get(phase) ?? []).reduce((sum, ms) => sum + ms, 0)

  /** Null where none of its units was done. */
  function costMs(phase: Phase): number | null {
    // The first units of a phase hold what is done once; later ones tell better.
    const recent = (costs.get(phase) ?? []).slice(-5)
    return recent.length === 0 ? null : recent.reduce((sum, ms) => sum + ms, 0) / recent.length
  }

  return {
    leftMs,
    begin(phase, later) {
      const sharing = [phase, ...later]
      const shares = sharing.reduce((sum, { share }) => sum + share, 0)
      const all = sharing.reduce((sum, one) => sum + spentOn(one), leftMs() ?? 0)
      allowances.set(phase, shares === 0 ? 0 : (all * phase.share) / shares)
    },
    allows(phase, pass) {
      const left = leftMs()
      if (left === null) return true
      const known = costMs(phase)
      const cost = known === null ? (phase.firstUnitMs ?? 0) : known * SAFETY
      if (left <= 0 || cost > left) return false
      if (pass === 'rest') return true
      if (phase.share === 0) return false
      return pass === 'opening' || spentOn(phase) + cost <= (allowances.get(phase) ?? 0)
    },
    spent(phase, ms) {
      costs.set(phase, [...(costs.get(phase) ?? []), ms])
    },
    remainingMs(unitsLeft) {
      const byCost = unitsLeft.reduce<number | null>((sum, [phase, units]) => {
        const cost = units === 0 ? 0 : costMs(phase)
        return sum === null || cost === null ? null : sum + cost * units
      }, 0)
      const byBudget = totalMs === null ? null : Math.max(0, totalMs - elapsedMs())
      return byBudget === null || byCost === null ? (byBudget ?? byCost) : Math.min(byBudget, byCost)
    },
  }
}
