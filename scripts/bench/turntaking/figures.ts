import { bootstrapInterval } from '../../../server/lab/index.ts'
import type { Interval } from '../../../server/protocol/comparisonFigures.ts'
import { quantile } from '../../../server/shared/quantiles.ts'
import type { Hold } from './holds.ts'
import type { Played } from './playHold.ts'

export type Outcome = { arm: string; hold: Pick<Hold, 'file' | 'speaker' | 'holdMs'>; played: Played }
type Estimate = { value: number; interval: Interval | null }

export type ArmFigures = {
  arm: string
  holds: number
  /** Turns that ended inside their hold, percent of the holds. */
  cutOffPercent: Estimate
  /** From the last voiced sample, milliseconds. */
  decidedMs: { mean: Estimate; p50: number; p90: number }
  firstTokenMs: { mean: Estimate; p50: number; p90: number }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Figures of one arm; intervals are 95 % bootstraps by clip, because holds of one clip are alike. */
export function armFigures(arm: string, outcomes: readonly Outcome[]): ArmFigures {
  const own = outcomes.filter(outcome => outcome.arm === arm)
  const clips = [...Map.groupBy(own, ({ hold }) => hold.file).values()]
  const estimate = (read: (played: Played) => number | null): Estimate => {
    const statistic = (sample: readonly (readonly Outcome[])[]) => {
      const values = sample.flat().flatMap(({ played }) => read(played) ?? [])
      return values.length === 0 ? null : mean(values)
    }
    return { value: statistic(clips) ?? Number.NaN, interval: bootstrapInterval(clips, statistic, arm) }
  }
  const times = (read: (played: Played) => number | null) => {
    const values = own.flatMap(({ played }) => read(played) ?? []).toSorted((a, b) => a - b)
    const at = (share: number) => quantile(values, share) ?? Number.NaN
    return { mean: estimate(read), p50: at(0.5), p90: at(0.9) }
  }
  return {
    ...{ arm, holds: own.length },
    cutOffPercent: estimate(({ wasCutOff }) => (wasCutOff ? 100 : 0)),
    decidedMs: times(({ decidedMs }) => decidedMs),
    firstTokenMs: times(({ firstTokenMs }) => firstTokenMs),
  }
}
