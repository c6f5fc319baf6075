import type { Interval, Margin, Verdict } from '../../protocol/comparisonFigures.ts'

/** What two arms differ by; intervals are null where the observations support none. */
export type Difference = {
  ratio: number | null
  ratioInterval: Interval | null
  difference: number | null
  differenceInterval: Interval | null
}

export const noDifference: Difference = {
  ratio: null,
  ratioInterval: null,
  difference: null,
  differenceInterval: null,
}

/**
 * `better` or `worse` only when the whole 95 % interval lies beyond the margin; else `no-difference-shown`, which is not
 * "equal": few observations show little. `not-tested` without a margin or an interval.
 */
export function verdictOn(
  { ratioInterval, differenceInterval }: Pick<Difference, 'ratioInterval' | 'differenceInterval'>,
  margin: Margin | undefined,
): Verdict {
  if (margin === undefined) return 'not-tested'
  const interval = margin.kind === 'ratio' ? ratioInterval : differenceInterval
  if (interval === null) return 'not-tested'
  const none = margin.kind === 'ratio' ? 1 : 0
  const below = interval[1] < none - margin.margin
  const above = interval[0] > none + margin.margin
  if (!below && !above) return 'no-difference-shown'
  return below === (margin.better === 'lower') ? 'better' : 'worse'
}
