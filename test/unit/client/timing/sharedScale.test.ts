import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inlierLimit, isBeyond, placeOf, sharedScale, widthOf } from '../../../../client/timing/scale.ts'

const spans = (...ends: number[]) => ends.map(toMs => ({ fromMs: 0, toMs }))

describe('the axis that turns share', () => {
  test('reaches a little above what the longest took', () => {
    expect(sharedScale(spans(840, 1130))).toEqual({
      ...{ fromMs: 0, toMs: 1200 },
      marks: [0, 500, 1000],
    })
  })

  test('leaves a slow turn out, and marks it', () => {
    const scale = sharedScale(spans(900, 12_000, 1000))
    expect(scale.toMs).toBe(1000)
    expect(isBeyond(12_000, scale)).toBe(true)
    expect([placeOf(9000, scale), widthOf(500, 12_000, scale)]).toEqual(['100.000%', '50.000%'])
  })

  test('is that of a slow turn while it is the only one', () => {
    expect(sharedScale(spans(12_000)).toMs).toBe(12_000)
  })

  test('takes more for usual while there are few turns', () => {
    expect(sharedScale(spans(200, 900)).toMs).toBe(920)
    expect(sharedScale(spans(200, 900, 200, 200)).toMs).toBe(200)
  })

  test('of a first turn that loaded its models and a second one is that of the second', () => {
    expect(sharedScale(spans(9000, 800)).toMs).toBe(800)
  })

  test('begins before speech end where work did, by a quarter at most', () => {
    expect(sharedScale([{ fromMs: -120, toMs: 1000 }]).fromMs).toBe(-120)
    expect(sharedScale([{ fromMs: -9000, toMs: 1000 }]).fromMs).toBe(-250)
  })

  test('of nothing can be drawn on', () => {
    expect(widthOf(0, 0, sharedScale([]))).toBe('0.000%')
  })

  test('holds at least half of the turns, and whatever it is, all bars are on it', () => {
    const durations = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(durations, ends => {
        const scale = sharedScale(spans(...ends))
        expect(ends.filter(end => !isBeyond(end, scale)).length * 2).toBeGreaterThanOrEqual(ends.length)
        expect(inlierLimit(ends)).toBeLessThanOrEqual(scale.toMs * (1 + 1e-9))
        for (const end of ends) {
          const width = Number.parseFloat(widthOf(0, end, scale))
          expect(width).toBeGreaterThanOrEqual(0)
          expect(width).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})
