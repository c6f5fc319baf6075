import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readClip } from '../../../../server/audio/readClip.ts'
import { melFeatures } from '../../../../server/hearing/endOfTurn/features.ts'

type Stored = { shape: number[]; mean: number; deviation: number; values: [number, number, number][] }
const fixtures = join(import.meta.dirname, '../../../fixtures')
const stored: Record<string, Stored> = JSON.parse(
  readFileSync(join(fixtures, 'endOfTurn/features.json'), 'utf8'),
)

describe('the features of the end-of-turn model', () => {
  test.each(Object.entries(stored))('of %s are those of another program', async (name, expected) => {
    const path = join(fixtures, 'speech', `${name}.wav`)
    const { samples } = await readClip(path, 60, new AbortController().signal)
    const features = melFeatures(samples)
    expect(features.length).toBe(80 * 800)
    for (const [band, frame, value] of expected.values) {
      expect(features[band * 800 + frame], `band ${band}, frame ${frame}`).toBeCloseTo(value, 4)
    }
    const mean = features.reduce((sum, value) => sum + value, 0) / features.length
    const variance = features.reduce((sum, value) => sum + (value - mean) ** 2, 0) / features.length
    expect([mean, Math.sqrt(variance)]).toEqual([
      expect.closeTo(expected.mean, 4),
      expect.closeTo(expected.deviation, 4),
    ])
  })

  test('are of the last 8 s', () => {
    const samples = Int16Array.from(
      { length: 160_000 },
      (_, index) => 3000 * Math.sin(index / (5 + index / 9000)),
    )
    expect(melFeatures(samples)).toEqual(melFeatures(samples.slice(-128_000)))
    expect(melFeatures(samples)).not.toEqual(melFeatures(samples.slice(0, 128_000)))
  })

  test.each([0, 1, 199, 200, 361, 127_999])('of %i samples are finite', count => {
    expect(melFeatures(new Int16Array(count).fill(100)).every(Number.isFinite)).toBe(true)
  })
})
