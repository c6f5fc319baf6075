import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  BINS,
  createNoise,
  createWave,
  HOP,
  pulses,
  SAMPLE_RATE,
} from '../../../../server/engines/hibari/wave.ts'

const expected: number[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/hibari/wave.json', import.meta.url), 'utf8'),
)

/** By bin, then frame, as in `fixtures/hibari/make.py`. */
const part = (frames: number, value: (bin: number, frame: number) => number) =>
  Float32Array.from({ length: BINS * frames }, (_, at) => value(Math.floor(at / frames), at % frames))

function spectrum(frames: number) {
  return {
    lh: part(frames, (bin, frame) => 2 - bin / 200 + Math.sin(frame)),
    theta: part(frames, (bin, frame) => Math.sin(bin / 50 + frame)),
    ln: part(frames, bin => -4 - bin / 300),
    lr: part(frames, (bin, frame) => -5 + Math.cos(bin / 40 - frame)),
    phi: part(frames, (bin, frame) => bin / 7 + frame),
    f0: Float32Array.from({ length: frames }, (_, frame) => (frame > 2 && frame < 9 ? 180 + 5 * frame : 0)),
  }
}

/** As in `make.py`. */
const quarter = (numbers: Float32Array) => void numbers.fill(0.25)

it('sounds as the reference does', () => {
  const pieces = [...createWave(quarter)(spectrum(12))]
  const samples = pieces.flatMap(piece => [...piece])
  expect(samples).toHaveLength(12 * HOP)
  const heard = samples.filter((_, at) => at % 5 === 0)
  const loudest = Math.max(...heard.map(Math.abs))
  expect(loudest).toBeGreaterThan(0.1)
  const errors = heard.map((sample, at) => Math.abs(sample - (expected[at] ?? Number.NaN)))
  // The reference reckons with 32 bits: where the pitch falls away its pulses are a little elsewhere.
  const mean = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
  expect(mean).toBeLessThan(loudest / 2000)
  expect(Math.max(...errors)).toBeLessThan(loudest / 100)
})

it('comes in pieces of a quarter of a second that make one sound', () => {
  const frames = 100
  const make = createWave(quarter)
  const pieces = [...make(spectrum(frames))].map(piece => piece.length)
  expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(frames * HOP)
  expect(pieces.length).toBe(5)
  for (const length of pieces) expect(length).toBeLessThanOrEqual(SAMPLE_RATE / 4 + 2 * HOP)
})

it('pulses at the pitch that it is given, and is silent without', () => {
  const wave = pulses(new Float32Array(80).fill(200))
  const peaks = wave.reduce((count, sample) => count + Number(sample > 40), 0)
  expect(peaks).toBeGreaterThan(150)
  expect(Math.abs(wave.reduce((sum, sample) => sum + sample, 0) / wave.length)).toBeLessThan(0.1)
  expect(Math.max(...pulses(new Float32Array(4)))).toBe(0)
})

it('hisses without a pattern', () => {
  const noise = createNoise()
  const samples = Array.from({ length: 200 }, () => {
    const numbers = new Float32Array(1000)
    noise(numbers)
    return numbers
  })
  const mean = (of: (sample: number, at: number) => number) =>
    samples.flatMap(numbers => [...numbers].map(of)).reduce((sum, value) => sum + value, 0) / 200_000
  expect(Math.abs(mean(sample => sample))).toBeLessThan(0.03)
  expect(mean(sample => sample ** 2)).toBeCloseTo(1, 1)
  expect(samples[0]).not.toEqual(samples[1])
})
