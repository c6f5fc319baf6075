import type { Figure, Margin, Verdict } from '../../protocol/comparisonFigures.ts'

/**
 * `better` or `worse` only when the whole 95 % interval lies beyond the margin; else `no-difference-shown`, which is not
 * "equal": few observations show little. `not-tested` without a margin or an interval.
 */
export function verdictOn(
  { ratioInterval, differenceInterval }: Pick<Figure, 'ratioInterval' | 'differenceInterval'>,
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
