import { expect, test } from 'vitest'
import { median, quantile } from '../../../server/shared/quantiles.ts'

test('quantiles are those of definition 7', () => {
  // Worked out by hand: position (n - 1) p of 0.4, 1, 2, 3.6, 3.8.
  const values = [1, 2, 4, 7, 11]
  expect([0.1, 0.25, 0.5, 0.9, 0.95].map(p => quantile(values, p))).toEqual([
    1.4,
    2,
    4,
    9.4,
    expect.closeTo(10.2, 10),
  ])
  expect(quantile([3], 0.9)).toBe(3)
  expect(quantile([], 0.5)).toBeNull()
})

test('the median is that of values in any order', () => {
  expect([median([9, 100, 10]), median([4, 1, 2, 3]), median([])]).toEqual([10, 2.5, Number.NaN])
})
