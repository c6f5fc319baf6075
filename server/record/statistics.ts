import type { FieldStatistics } from '../protocol/turnQueries.ts'
import { quantile } from '../shared/quantiles.ts'

/** Fewest values that support a figure; with fewer it is null. 1 / (1 - p) values lie on average one above the quantile. */
const leastFor = { p90: 10, p95: 20 } as const

/**
 * Rank r (from 1) such that the r-th smallest and r-th largest of n values hold the median of any continuous
 * distribution between them with at least 95 % confidence: the largest r with P(Binomial(n, ½) ≤ r - 1) ≤ 0.025
 * (David and Nagaraja, Order Statistics, 3rd ed. 2003, section 7.1). Null below 6 values, which support none.
 */
export function medianIntervalRank(n: number): number | null {
  if (n < 6) return null
  // Binomial weights relative to the largest one, from the middle down: no factorial, so no overflow at any n.
  const middle = Math.floor(n / 2)
  const weights: number[] = []
  for (let k = middle, weight = 1; k >= 0 && weight > 1e-20; k--) {
    weights.push(weight)
    weight *= k / (n - k + 1)
  }
  const lower = weights.reduceRight((sum, weight) => sum + weight, 0)
  // By symmetry all weights are twice the lower half, the middle one of an even n counted once.
  const total = 2 * lower - (n % 2 === 0 ? 1 : 0)
  let tail = 0
  let rank = Math.max(0, middle - weights.length + 1)
  for (const weight of weights.reverse()) {
    tail += weight
    if (tail / total > 0.025) break
    rank++
  }
  return rank
}

/** 95 % interval of the median of ascending values, `[low, high]`; null where they are too few. */
export function medianInterval(ascending: ArrayLike<number>): [number, number] | null {
  const rank = medianIntervalRank(ascending.length)
  if (rank === null) return null
  const low = ascending[rank - 1]
  const high = ascending[ascending.length - rank]
  return low === undefined || high === undefined ? null : [low, high]
}

/** What ascending values support; what they don't is null. */
export function describe(ascending: ArrayLike<number>): FieldStatistics {
  const n = ascending.length
  return {
    n,
    p50: quantile(ascending, 0.5),
    p90: n >= leastFor.p90 ? quantile(ascending, 0.9) : null,
    p95: n >= leastFor.p95 ? quantile(ascending, 0.95) : null,
    min: ascending[0] ?? null,
    max: ascending[n - 1] ?? null,
    interval: medianInterval(ascending),
  }
}
