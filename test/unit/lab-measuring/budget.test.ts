import { expect, test } from 'vitest'
import type { Phase } from '../../../server/lab/measuring/step.ts'
import { createBudget } from '../../../server/lab/runs/budget.ts'

const phase = (share: number, firstUnitMs?: number): Phase => ({
  name: 'speech',
  what: 'units',
  share,
  ...(firstUnitMs === undefined ? {} : { firstUnitMs }),
  units: async () => [],
})

test('each phase gets its share of what is left, and leaves what it does not need to the next', () => {
  let now = 0
  const [first, second] = [phase(0.5), phase(0.5)]
  const budget = createBudget(100_000, () => now)
  const work = (which: Phase, ms: number) => {
    let units = 0
    for (; budget.allows(which, 'share'); units++) {
      now += ms
      budget.spent(which, ms)
    }
    return units
  }
  budget.begin(first, [second])
  // 5 % are kept for judging; half of 95 s, with 15 % to be sure.
  expect(work(first, 10_000)).toBe(4)
  budget.begin(second, [])
  expect(work(second, 5_000)).toBe(10)
  expect(budget.allows(first, 'rest')).toBe(false)
  expect(budget.allows(second, 'rest')).toBe(false)
  expect(now).toBeLessThanOrEqual(95_000)
})

test('every phase does one unit while there is time, however dear', () => {
  let now = 0
  const [dear, other] = [phase(0.01), phase(0.99)]
  const budget = createBudget(60_000, () => now)
  expect(budget.allows(dear, 'opening')).toBe(true)
  now = 30_000
  budget.spent(dear, 30_000)
  expect(budget.allows(other, 'opening')).toBe(true)
  budget.begin(dear, [other])
  expect(budget.allows(dear, 'share')).toBe(false)
})

test('what a phase spent on its opening is part of its share', () => {
  let now = 0
  const [first, second] = [phase(0.5), phase(0.5)]
  const budget = createBudget(100_000, () => now)
  for (const one of [first, second]) {
    now += 20_000
    budget.spent(one, 20_000)
  }
  budget.begin(first, [second])
  // Of 95 s a half is 47.5; 20 are spent, and another unit takes 20 with 15 % to be sure.
  expect(budget.allows(first, 'share')).toBe(true)
  now += 20_000
  budget.spent(first, 20_000)
  expect(budget.allows(first, 'share')).toBe(false)
})

test('what remains is what the work left takes, and never more than the budget', () => {
  let now = 10_000
  const [first, second] = [phase(0.5), phase(0.5)]
  const budget = createBudget(100_000, () => now)
  expect(budget.remainingMs([[first, 3]])).toBe(90_000)
  budget.spent(first, 10_000)
  expect(budget.remainingMs([[first, 3]])).toBe(30_000)
  expect(budget.remainingMs([[first, 30]])).toBe(90_000)
  expect(
    budget.remainingMs([
      [first, 3],
      [second, 1],
    ]),
  ).toBe(90_000)
  now = 120_000
  expect(budget.remainingMs([[first, 3]])).toBe(0)
  expect(createBudget(null, () => now).remainingMs([[first, 3]])).toBeNull()
})

test('what has no share is done with the rest, where it is known to fit', () => {
  let now = 0
  const energy = phase(0, 120_000)
  const budget = createBudget(200_000, () => now)
  budget.begin(energy, [])
  expect(budget.allows(energy, 'share')).toBe(false)
  expect(budget.allows(energy, 'rest')).toBe(true)
  now = 100_000
  expect(budget.allows(energy, 'rest')).toBe(false)
})

test('without a budget nothing is cut', () => {
  const budget = createBudget(null, () => 1e9)
  const any = phase(0)
  budget.begin(any, [])
  expect(budget.allows(any, 'share')).toBe(true)
  expect(budget.leftMs()).toBeNull()
})
