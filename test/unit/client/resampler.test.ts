import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createResampler } from '../../../client/audio/resampler.ts'

const tone = (hz: number, rate: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))

function joined(chunks: Float32Array[]): number[] {
  return chunks.flatMap(chunk => [...chunk])
}

describe('the resampler of the player', () => {
  test.each([
    [16_000, 48_000],
    [16_000, 44_100],
    [22_050, 48_000],
    [24_000, 16_000],
  ])('a tone at %i Hz stays that tone at %i Hz', (fromHz, toHz) => {
    const output = createResampler(fromHz, toHz)(tone(440, fromHz, fromHz))
    expect(output.length / toHz).toBeCloseTo(1, 2)
    // The delay is 16 input samples, the first output sample is that of input sample -16.
    const delay = (16 / fromHz) * toHz
    const wanted = [...output].map((_, i) => Math.sin((2 * Math.PI * 440 * (i - delay)) / toHz))
    const settled = Math.ceil(2 * delay) + 1
    for (let i = settled; i < output.length; i++)
      expect(Math.abs((output[i] ?? 0) - (wanted[i] ?? 0))).toBeLessThan(2e-3)
  })

  test('however the stream is cut, the samples are the same', () => {
    const input = tone(300, 16_000, 1600)
    const whole = [...createResampler(16_000, 44_100)(input)]
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), lengths => {
        const resample = createResampler(16_000, 44_100)
        const chunks: Float32Array[] = []
        let at = 0
        for (const length of lengths) {
          chunks.push(resample(input.subarray(at, at + length)))
          at += length
        }
        chunks.push(resample(input.subarray(at)))
        expect(joined(chunks)).toEqual(whole)
      }),
    )
  })
})
