import type { Interval } from '../../../protocol/comparisonFigures.ts'
import { mean, sum } from '../measured.ts'

/** Fewest values: two or three say next to nothing of how far others would scatter. */
const LEAST_VALUES = 4

/**
 * Where, 19 times in 20, the mean of another run of as many values would lie: mean ± t s √(2/n), with Student's t of
 * n - 1 degrees of freedom (Hahn and Meeker, Statistical Intervals, 1991: the prediction interval of a future mean). It is
 * √2 times as wide as the confidence interval, since the other run scatters as well. The values must be independent: of
 * times, one for each start of a process where that can be had (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013).
 *
 * @returns null below four values
 */
export function repeatInterval(values: readonly number[]): Interval | null {
  const n = values.length
  if (n < LEAST_VALUES) return null
  const centre = mean(values)
  const squares = values.map(value => (value - centre) ** 2)
  const spread = Math.sqrt((mean(squares) * n) / (n - 1))
  const half = studentT(n - 1) * spread * Math.sqrt(2 / n)
  return [centre - half, centre + half]
}

/** A value, and by run the block that it belongs to: one process. null: to none that another value belongs to. */
export type PairedLog = { value: number; now: number | null; before: number | null }

/**
 * 95 % confidence interval of the mean of values that each belong to a block of one run and to another of the other: the
 * variances between the blocks of either run (Liang and Zeger, Biometrika 73, 1986) add up, and Student's t has one
 * degree of freedom less than the run with fewer blocks.
 *
 * @returns null below four blocks in either run
 */
export function changeInterval(values: readonly PairedLog[]): Interval | null {
  const centre = mean(values.map(({ value }) => value))
  const runs = (['now', 'before'] as const).map(run => {
    const blocks = Map.groupBy(values, (one, index) => one[run] ?? `alone ${index}`)
    const sums = [...blocks.values()].map(block => sum(block.map(({ value }) => value - centre)))
    const n = sums.length
    return { n, variance: ((n / (n - 1)) * sum(sums.map(of => of ** 2))) / values.length ** 2 }
  })
  const fewest = Math.min(...runs.map(({ n }) => n))
  if (fewest < LEAST_VALUES) return null
  const half = studentT(fewest - 1) * Math.sqrt(sum(runs.map(({ variance }) => variance)))
  return [centre - half, centre + half]
}

/**
 * The two-sided 95 % point of Student's t, within 0.2 % from three degrees of freedom on (Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 26.7.5).
 */
export function studentT(degrees: number): number {
  const x = 1.959964
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
    (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / 92_160,
  ]
  return terms.reduce((sum, term, power) => sum + term / degrees ** (power + 1), x)
}
