import { describe, expect, test } from 'vitest'
import { createSentSound } from '../../../server/session/reply/sentSound.ts'

const RATE = 4000
/** A tone of 400 Hz. */
const tone = (sampleRate: number, fromMs: number, toMs: number) => ({
  sampleRate,
  samples: Int16Array.from(
    { length: ((toMs - fromMs) * sampleRate) / 1000 },
    (_, at) => 8000 * Math.sin(2 * Math.PI * 400 * (at / sampleRate + fromMs / 1000)),
  ),
})
const expected = (fromMs: number, toMs: number) =>
  Float32Array.from(
    { length: ((toMs - fromMs) * RATE) / 1000 },
    (_, at) => (8000 / 32_768) * Math.sin(2 * Math.PI * 400 * (at / RATE + fromMs / 1000)),
  )
const difference = (one: Float32Array, other: Float32Array) =>
  one.length === other.length
    ? Math.max(...one.map((sample, at) => Math.abs(sample - (other[at] ?? 0))))
    : Number.NaN

describe('the sound that was sent', () => {
  test.each([16_000, 24_000, 22_050])('at %i Hz is found by its position', sampleRate => {
    const sound = createSentSound(RATE)
    for (let ms = 0; ms < 2000; ms += 100) sound.push(tone(sampleRate, ms, ms + 100), ms)
    expect(difference(sound.between(400, 1600), expected(400, 1600))).toBeLessThan(0.001)
  })

  test('is silence before its beginning and where nothing came yet', () => {
    const sound = createSentSound(RATE)
    expect(sound.between(-100, 100)).toEqual(new Float32Array(800))
    sound.push(tone(16_000, 0, 1000), 0)
    expect(sound.between(-100, 0)).toEqual(new Float32Array(400))
    expect(difference(sound.between(-100, 500).subarray(600), expected(50, 500))).toBeLessThan(0.001)
    expect(sound.between(1000, 1200)).toEqual(new Float32Array(800))
    expect(sound.between(5000, 5200)).toEqual(new Float32Array(800))
  })

  test('goes on at another rate', () => {
    const sound = createSentSound(RATE)
    sound.push(tone(16_000, 0, 1000), 0)
    sound.push(tone(24_000, 1000, 2000), 500)
    expect(difference(sound.between(200, 900), expected(200, 900))).toBeLessThan(0.001)
    expect(difference(sound.between(1100, 1900), expected(1100, 1900))).toBeLessThan(0.001)
  })

  test('is forgotten 3 s after it was played', () => {
    const sound = createSentSound(RATE)
    for (let ms = 0; ms < 8000; ms += 100) sound.push(tone(16_000, ms, ms + 100), ms)
    expect(sound.between(0, 4000)).toEqual(new Float32Array(16_000))
    expect(difference(sound.between(5100, 7900), expected(5100, 7900))).toBeLessThan(0.001)
  })
})
