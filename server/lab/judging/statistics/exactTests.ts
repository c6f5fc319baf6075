import type { Interval } from '../../../protocol/comparisonFigures.ts'

/**
 * Two-sided p value of McNemar's test in its exact form, of pairs that changed: `gained` one way, `lost` the other.
 * Twice the binomial tail of the smaller count at ½, at most 1 (McNemar, Psychometrika 12, 1947; R's
 * `binom.test(gained, gained + lost)`). 1 when nothing changed.
 */
export function mcnemarExact(gained: number, lost: number): number {
  const n = gained + lost
  let weight = 1
  let tail = 0
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += weight
    weight *= (n - k) / (k + 1)
  }
  return Math.min(1, 2 * tail * 0.5 ** n)
}

/**
 * 95 % Wilson score interval of a share `hits / n`, 0 to 1 (Wilson, JASA 22, 1927); it holds for small n and shares near
 * 0 and 1, where the usual ± fails. Null for no trials.
 */
export function wilsonInterval(hits: number, n: number): Interval | null {
  if (n === 0) return null
  const z = 1.959964
  const share = hits / n
  const centre = share + z ** 2 / (2 * n)
  const half = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))
  const scale = 1 + z ** 2 / n
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)]
}
