import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createResampler } from '../../../server/shared/resampler.ts'

const rates = [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 44_099, 48_000, 96_000, 192_000]

/** In pieces of these sizes, again and again. */
function resample(samples: Float32Array, from: number, to: number, sizes = [samples.length]): Float32Array {
  const resampler = createResampler(from, to)
  const parts: number[] = []
  for (let offset = 0, piece = 0; offset < samples.length; piece++) {
    const end = offset + (sizes[piece % sizes.length] ?? 1)
    parts.push(...resampler.push(samples.subarray(offset, end)))
    offset = end
  }
  parts.push(...resampler.end())
  return Float32Array.from(parts)
}

const tone = (hertz: number, rate: number, seconds = 0.25) =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
    Math.sin((2 * Math.PI * hertz * index) / rate),
  )

/** Root mean square without the edges, where the window meets silence. */
const level = (samples: Float32Array, edge = 400) => {
  const inner = samples.subarray(edge, samples.length - edge)
  return Math.sqrt(inner.reduce((sum, sample) => sum + sample ** 2, 0) / inner.length)
}

describe.each(rates)('%i Hz to 16 kHz', rate => {
  test('a tone in the pass band keeps its place and its level', () => {
    const result = resample(tone(1000, rate), rate, 16_000)
    const expected = tone(1000, 16_000)
    const worst = result
      .subarray(200, result.length - 200)
      .reduce((most, sample, index) => Math.max(most, Math.abs(sample - (expected[index + 200] ?? 0))), 0)
    expect(worst).toBeLessThan(1e-3)
  })

  test('a constant stays the same', () => {
    const result = resample(new Float32Array(rate / 4).fill(0.5), rate, 16_000)
    expect(Math.abs((result[Math.floor(result.length / 2)] ?? 0) - 0.5)).toBeLessThan(1e-4)
  })
})

test.each([24_000, 44_100, 48_000, 96_000])('from %i Hz nothing above 8.4 kHz folds back', rate => {
  expect(level(resample(tone(9000, rate), rate, 16_000))).toBeLessThan(10 ** (-70 / 20))
})

test('to a higher rate, no image of the spectrum appears', () => {
  const result = resample(tone(3000, 8000), 8000, 16_000)
  const expected = tone(3000, 16_000)
  const difference = result.map((sample, index) => sample - (expected[index] ?? 0))
  expect(level(difference)).toBeLessThan(10 ** (-60 / 20))
})

test.each([
  [16_000, 48_000],
  [16_000, 44_100],
  [22_050, 48_000],
  [24_000, 16_000],
])('a tone at %i Hz stays that tone at %i Hz, as the page plays replies', (from, to) => {
  const result = resample(tone(440, from, 1), from, to)
  const expected = tone(440, to, 1)
  expect(result).toHaveLength(expected.length)
  const edge = Math.ceil((40 / from) * to)
  for (let index = edge; index < result.length - edge; index++)
    expect(Math.abs((result[index] ?? 0) - (expected[index] ?? 0))).toBeLessThan(1e-3)
})

test('any chunking gives the very same samples', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(
        ...[8000, 11_025, 44_100, 44_099, 48_000].map(from => [from, 16_000] as const),
        ...[44_100, 48_000].map(to => [16_000, to] as const),
      ),
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 1500 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      ([from, to], values, sizes) => {
        const samples = Float32Array.from(values)
        expect(resample(samples, from, to, sizes)).toEqual(resample(samples, from, to))
      },
    ),
    { numRuns: 60 },
  )
})

test('the number of samples is the input times the ratio, rounded up', () => {
  fc.assert(
    fc.property(fc.constantFrom(...rates), fc.integer({ min: 0, max: 900 }), (rate, length) => {
      expect(resample(new Float32Array(length), rate, 16_000).length).toBe(
        Math.ceil((length * 16_000) / rate),
      )
    }),
  )
})

test('nothing is changed at the same rate', () => {
  const samples = tone(440, 16_000)
  expect(resample(samples, 16_000, 16_000, [100])).toEqual(samples)
})
