import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mean } from '../../../server/lab/judging/measured.ts'
import { bootstrapInterval } from '../../../server/lab/judging/statistics/bootstrap.ts'
import { mcnemarExact, wilsonInterval } from '../../../server/lab/judging/statistics/exactTests.ts'
import {
  changeInterval,
  repeatInterval,
  studentT,
} from '../../../server/lab/judging/statistics/repeatability.ts'
import { verdictOn } from '../../../server/lab/judging/verdict.ts'
import { randomFrom, seedOf } from '../../../server/shared/seeded.ts'

describe('exact McNemar test', () => {
  // R: binom.test(gained, gained + lost)$p.value
  const published: [number, number, number][] = [
    [0, 0, 1],
    [3, 3, 1],
    [0, 5, 0.0625],
    [0, 6, 0.03125],
    [1, 9, 0.021484],
    [5, 15, 0.041389],
    [2, 10, 0.038574],
    [40, 60, 0.056888],
  ]
  test.each(published)('%i gained, %i lost', (gained, lost, p) => {
    expect(mcnemarExact(gained, lost)).toBeCloseTo(p, 5)
    expect(mcnemarExact(lost, gained)).toBeCloseTo(p, 5)
  })
})

describe('Wilson interval', () => {
  // R: prop.test(hits, n, correct = FALSE)$conf.int
  const published: [number, number, number, number][] = [
    [8, 10, 0.490162, 0.943318],
    [0, 10, 0, 0.277533],
    [10, 10, 0.722467, 1],
    [50, 100, 0.403832, 0.596168],
    [1, 40, 0.00442, 0.128811],
  ]
  test.each(published)('%i of %i', (hits, n, low, high) => {
    const interval = wilsonInterval(hits, n)
    expect(interval?.[0]).toBeCloseTo(low, 4)
    expect(interval?.[1]).toBeCloseTo(high, 4)
  })
  test('of no trials there is none', () => expect(wilsonInterval(0, 0)).toBeNull())
})

describe('the interval of another run', () => {
  // Any table of Student's t, two-sided, 5 %.
  test.each([
    [3, 3.1824],
    [4, 2.7764],
    [7, 2.3646],
    [15, 2.1314],
    [60, 2.0003],
  ])("Student's t of %i degrees of freedom", (degrees, t) => {
    expect(Math.abs(studentT(degrees) / t - 1)).toBeLessThan(0.002)
  })

  test('is the mean and t s √(2/n) to either side', () => {
    // Mean 10, standard deviation 2, five values: 2.7764 × 2 × √0.4.
    const interval = repeatInterval([8, 8, 10, 12, 12])
    expect(interval?.[0]).toBeCloseTo(10 - 3.512, 2)
    expect(interval?.[1]).toBeCloseTo(10 + 3.512, 2)
  })

  test('holds the mean of a second run about 95 times in 100, however few values both have', () => {
    const random = randomFrom(seedOf('repeats'))
    const trials = 2000
    for (const n of [4, 8, 30]) {
      const run = () => Array.from({ length: n }, () => random() + random() + random())
      let held = 0
      for (let trial = 0; trial < trials; trial++) {
        const [low, high] = repeatInterval(run()) ?? [0, 0]
        const second = mean(run())
        if (low <= second && second <= high) held++
      }
      expect(held / trials, `${n} values`).toBeGreaterThan(0.93)
      expect(held / trials, `${n} values`).toBeLessThan(0.97)
    }
  })

  test('of fewer than four values there is none', () => {
    expect(repeatInterval([1, 2, 3])).toBeNull()
    expect(repeatInterval([1, 1, 1, 1])).toEqual([1, 1])
  })
})

describe('the interval of a change between two runs', () => {
  const random = randomFrom(seedOf('changes'))
  const noise = (size: number) => (random() + random() + random() - 1.5) * size
  /** Blocks of six values, shifted together in either run. */
  const values = (blocks: number, between: number, within: number) => {
    const shifts = () => Array.from({ length: blocks }, () => noise(between))
    const [own, other] = [shifts(), shifts()]
    return Array.from({ length: blocks * 6 }, (_, i) => {
      // Both runs shuffle their clips, so their blocks hold different ones.
      const [now, before] = [i % blocks, Math.floor(i / 6)]
      return { value: (own[now] ?? 0) - (other[before] ?? 0) + noise(within), now, before }
    })
  }

  test('holds no change about 95 times in 100, though whole blocks are shifted', () => {
    const trials = 1000
    const share = (between: number, within: number) => {
      let held = 0
      for (let trial = 0; trial < trials; trial++) {
        const [low, high] = changeInterval(values(6, between, within)) ?? [1, 1]
        if (low <= 0 && high >= 0) held++
      }
      return held / trials
    }
    expect(share(1, 0.3)).toBeGreaterThan(0.92)
    expect(share(0.1, 1)).toBeGreaterThan(0.93)
  })

  test('of values that are each alone is that of their mean, twice the variance at most', () => {
    const alone = [8, 8, 10, 12, 12].map(value => ({ value, now: null, before: null }))
    const [low, high] = changeInterval(alone) ?? [0, 0]
    // Both runs are taken to scatter: t s √(2/n), as for another run.
    expect([low, high]).toEqual([expect.closeTo(10 - 3.512, 2), expect.closeTo(10 + 3.512, 2)])
  })

  test('of fewer than four blocks in either run there is none', () => {
    expect(changeInterval(values(3, 1, 1))).toBeNull()
    expect(changeInterval([])).toBeNull()
  })
})

describe('bootstrap', () => {
  const average = (sample: readonly (readonly number[])[]) => mean(sample.flat())

  test('gives the interval of a mean that theory gives', () => {
    const random = randomFrom(seedOf('values'))
    const values = Array.from({ length: 200 }, () => 10 + random() - random())
    const spread = Math.sqrt(mean(values.map(value => (value - mean(values)) ** 2)))
    const half = (1.96 * spread) / Math.sqrt(values.length)
    const interval = bootstrapInterval(
      values.map(value => [value]),
      average,
      'mean',
    )
    expect(interval?.[0]).toBeCloseTo(mean(values) - half, 1)
    expect(interval?.[1]).toBeCloseTo(mean(values) + half, 1)
    expect((interval?.[1] ?? 0) - (interval?.[0] ?? 0)).toBeGreaterThan(1.7 * half)
    expect((interval?.[1] ?? 0) - (interval?.[0] ?? 0)).toBeLessThan(2.3 * half)
  })

  test('holds the true value about 95 times in 100', () => {
    const random = randomFrom(seedOf('coverage'))
    let held = 0
    const trials = 200
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 30 }, () => [random()])
      const interval = bootstrapInterval(values, average, `trial ${trial}`)
      if (interval !== null && interval[0] <= 0.5 && interval[1] >= 0.5) held++
    }
    expect(held / trials).toBeGreaterThan(0.89)
    expect(held / trials).toBeLessThan(0.99)
  })

  test('is the same for the same key, and drawn anew for another', () => {
    const values = [1, 4, 2, 8, 5, 7, 3.3, 3.1].map(value => [value])
    const of = (key: string) => bootstrapInterval(values, average, key)
    expect(of('a')).toEqual(of('a'))
    expect(of('b')).not.toEqual(of('a'))
  })

  test('draws repetitions within a cluster, so that rounds widen the interval', () => {
    const narrow = Array.from({ length: 8 }, () => [10, 10, 10])
    const wide = Array.from({ length: 8 }, () => [5, 10, 15])
    expect(bootstrapInterval(narrow, average, 'k')).toEqual([10, 10])
    const interval = bootstrapInterval(wide, average, 'k')
    expect(interval?.[0]).toBeLessThan(9)
    expect(interval?.[1]).toBeGreaterThan(11)
  })

  test('of fewer than six repetitions, or than four clusters, there is none', () => {
    expect(bootstrapInterval([[1], [2], [3], [4], [5]], average, 'k')).toBeNull()
    expect(
      bootstrapInterval(
        [
          [1, 2],
          [3, 4],
          [5, 6, 7],
        ],
        average,
        'k',
      ),
    ).toBeNull()
    expect(bootstrapInterval([[1, 2], [3, 4], [5], [6]], average, 'k')).not.toBeNull()
  })

  test('of a statistic without a value there is none', () => {
    expect(bootstrapInterval([[1, 2], [3, 4], [5], [6]], () => null, 'k')).toBeNull()
  })
})

describe('verdicts', () => {
  const time = { better: 'lower', kind: 'ratio', margin: 0.05 } as const
  const speed = { better: 'higher', kind: 'ratio', margin: 0.05 } as const
  const error = { better: 'lower', kind: 'difference', margin: 0.5 } as const
  const ratio = (low: number, high: number) => ({
    ratioInterval: [low, high] as [number, number],
    differenceInterval: null,
  })
  const difference = (low: number, high: number) => ({
    ratioInterval: null,
    differenceInterval: [low, high] as [number, number],
  })

  test('need the whole interval beyond the margin', () => {
    expect(verdictOn(ratio(0.8, 0.94), time)).toBe('better')
    expect(verdictOn(ratio(0.8, 0.96), time)).toBe('no-difference-shown')
    expect(verdictOn(ratio(1.06, 1.2), time)).toBe('worse')
    expect(verdictOn(ratio(1.02, 1.2), time)).toBe('no-difference-shown')
    expect(verdictOn(ratio(1.06, 1.2), speed)).toBe('better')
    expect(verdictOn(ratio(0.8, 0.94), speed)).toBe('worse')
    expect(verdictOn(difference(-3, -0.6), error)).toBe('better')
    expect(verdictOn(difference(0.4, 3), error)).toBe('no-difference-shown')
    expect(verdictOn(difference(0.6, 3), error)).toBe('worse')
  })

  test('are not given without a margin or an interval', () => {
    expect(verdictOn(ratio(2, 3), undefined)).toBe('not-tested')
    expect(verdictOn(difference(2, 3), time)).toBe('not-tested')
    expect(verdictOn(ratio(2, 3), error)).toBe('not-tested')
  })

  test('turn round with the direction of the figure', () => {
    const other = { better: 'worse', worse: 'better', 'no-difference-shown': 'no-difference-shown' } as const
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (low, width) => {
          const verdict = verdictOn(ratio(low, low + width), time)
          expect(verdictOn(ratio(low, low + width), speed)).toBe(other[verdict as keyof typeof other])
        },
      ),
    )
  })
})
