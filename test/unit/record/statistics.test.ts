import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  describe as describeValues,
  medianInterval,
  medianIntervalRank,
} from '../../../server/record/statistics.ts'
import { randomFrom } from '../../support/record/records.ts'

const oneTo = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1)

test('the ranks of the median interval are those of the published sign-test table', () => {
  // Two-sided critical values of the sign test at 5 %, plus 1 (in any table of it).
  const ranks: Record<number, number> = {
    6: 1,
    7: 1,
    8: 1,
    9: 2,
    10: 2,
    11: 2,
    12: 3,
    15: 4,
    20: 6,
    25: 8,
    30: 10,
    40: 14,
    50: 18,
    100: 40,
  }
  for (const [n, rank] of Object.entries(ranks)) expect([n, medianIntervalRank(Number(n))]).toEqual([n, rank])
})

test('fewer than six values support no interval, ten a p90, twenty a p95', () => {
  expect(describeValues(oneTo(0))).toEqual({
    n: 0,
    p50: null,
    p90: null,
    p95: null,
    min: null,
    max: null,
    interval: null,
  })
  expect(describeValues(oneTo(5))).toMatchObject({ n: 5, p50: 3, p90: null, interval: null })
  expect(describeValues(oneTo(6))).toMatchObject({ interval: [1, 6] })
  expect(describeValues(oneTo(10))).toMatchObject({ p90: 9.1, p95: null, interval: [2, 9] })
  expect(describeValues(oneTo(20))).toMatchObject({ p95: expect.closeTo(19.05, 10), interval: [6, 15] })
})

test('the rank is the largest whose binomial tail is at most 2.5 %, at every n', () => {
  const tail = (n: number, k: number) => {
    let sum = 0
    let logChoose = 0
    for (let i = 0; i <= k; i++) {
      if (i > 0) logChoose += Math.log((n - i + 1) / i)
      sum += Math.exp(logChoose - n * Math.LN2)
    }
    return sum
  }
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 3_000 }), n => {
      const rank = medianIntervalRank(n) ?? Number.NaN
      expect(tail(n, rank - 1)).toBeLessThanOrEqual(0.025 + 1e-9)
      expect(tail(n, rank)).toBeGreaterThan(0.025 - 1e-9)
    }),
  )
})

test('at a hundred thousand values the rank is that of the normal approximation', () => {
  const n = 100_000
  const normal = n / 2 - (1.959963985 * Math.sqrt(n)) / 2
  expect(Math.abs((medianIntervalRank(n) ?? 0) - normal)).toBeLessThan(2)
})

test('figures are ordered and inside the values', () => {
  const numbers = fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), {
    minLength: 20,
    maxLength: 200,
  })
  fc.assert(
    fc.property(numbers, values => {
      const figures = describeValues(Float64Array.from(values).sort())
      const { p50, p90, p95, min, max } = figures
      expect(min).toBe(Math.min(...values))
      expect(max).toBe(Math.max(...values))
      const ascending = [min, p50, p90, p95, max].map(Number)
      // Interpolation may round in the last place.
      for (let i = 1; i < ascending.length; i++) {
        expect(ascending[i]).toBeGreaterThanOrEqual((ascending[i - 1] ?? 0) - 1e-3)
      }
      const [low, high] = figures.interval ?? [Number.NaN, Number.NaN]
      expect(low).toBeLessThanOrEqual(Number(p50) + 1e-3)
      expect(high).toBeGreaterThanOrEqual(Number(p50) - 1e-3)
    }),
  )
})

test('the interval holds the true median in at least 95 of 100 samples', () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 40 }), fc.noBias(fc.nat()), (n, seed) => {
      const next = randomFrom(seed)
      let held = 0
      for (let sample = 0; sample < 400; sample++) {
        const [low, high] = medianInterval(Float64Array.from({ length: n }, next).sort()) ?? [1, 0]
        if (low <= 0.5 && 0.5 <= high) held++
      }
      // 5 standard deviations of a binomial below 95 %.
      expect(held).toBeGreaterThan(400 * 0.95 - 5 * Math.sqrt(400 * 0.95 * 0.05))
    }),
    { numRuns: 30, seed: 7 },
  )
})
