import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortInSteps } from '../../../server/record/sortInSteps.ts'
import { randomFrom } from '../../support/record/records.ts'

test.each([0, 1, 8_191, 8_192, 8_193, 16_385, 100_000])(
  '%i values come out as a plain sort gives them',
  async n => {
    const values = Float64Array.from({ length: n }, randomFrom(n))
    const sorted = Float64Array.from(values).sort()
    expect(Buffer.from((await sortInSteps(values)).buffer, 0, n * 8).equals(Buffer.from(sorted.buffer))).toBe(
      true,
    )
  },
)

test('any values, equal ones and negative zeros too, come out ascending and complete', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.double({ noNaN: true }), { maxLength: 300 }), async few => {
      const values = Float64Array.from({ length: 20_000 }, (_, i) => few[i % Math.max(few.length, 1)] ?? 0)
      const sorted = Float64Array.from(values).sort()
      expect(Array.from(await sortInSteps(values)).every((value, i) => value === sorted[i])).toBe(true)
    }),
    { numRuns: 20 },
  )
})

test('other work runs while many values are sorted', async () => {
  let ticks = 0
  const ticking = setInterval(() => ticks++, 0)
  await sortInSteps(Float64Array.from({ length: 200_000 }, randomFrom(1)))
  clearInterval(ticking)
  expect(ticks).toBeGreaterThan(1)
})
