import { describe, expect, test } from 'vitest'
import type { SpeechClip } from '../../../../scripts/bench/speechClips.ts'
import { armFigures, type Outcome } from '../../../../scripts/bench/turntaking/figures.ts'
import { holdsOf, toneOf } from '../../../../scripts/bench/turntaking/holds.ts'

/** 500 ms of room tone, 2 s of speech with a quiet place in its middle, and room tone again. */
function clip(segments = [{ startMs: 500, endMs: 2500 }]): SpeechClip {
  const samples = Int16Array.from({ length: 16 * 3000 }, (_, index) => {
    const ms = index / 16
    const isSpeech = ms >= 500 && ms < 2500 && (ms < 1500 || ms >= 1560)
    return (isSpeech ? 5000 : 10) * Math.sin(index)
  })
  const found = { segments, speechMs: 2000, lastVoicedMs: 2500, probabilities: new Float32Array() }
  return { file: 'a.wav', text: 'x', kind: 'speech', samples, audioMs: 3000, found }
}

describe('the holds of a clip', () => {
  test('are as many and as long as the seed says, the same every time', () => {
    const holds = holdsOf([clip()], 4, 1)
    expect(holds).toEqual(holdsOf([clip()], 4, 1))
    expect(holds).not.toEqual(holdsOf([clip()], 4, 2))
    for (const { holdMs, samples } of holds) {
      expect(holdMs).toBeGreaterThanOrEqual(300)
      expect(holdMs).toBeLessThanOrEqual(1500)
      expect(samples.length).toBe(16 * (300 + 2000 + 300 + holdMs))
    }
    const lengths = holds.map(({ holdMs }) => holdMs)
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
  })

  test('lie in the quietest place near by, are of room tone, and leave the speech as it is', () => {
    const speech = clip().samples.slice(16 * 200, 16 * 2800)
    for (const { samples, holdMs, holdStartMs } of holdsOf([clip()], 6, 3)) {
      const [at, length] = [Math.round(16 * holdStartMs), 16 * holdMs]
      expect(Math.max(...samples.subarray(at, at + length))).toBeLessThanOrEqual(10)
      expect([...samples.slice(0, at), ...samples.slice(at + length)]).toEqual([...speech])
      if (holdStartMs > 1200 && holdStartMs < 1400) expect(holdStartMs).toBeCloseTo(1330, -2)
    }
  })

  test('are none where a speaker paused already', () => {
    const segments = [
      { startMs: 500, endMs: 1200 },
      { startMs: 1800, endMs: 2500 },
    ]
    expect(holdsOf([clip(segments)], 4, 1)).toEqual([])
  })

  test('have no jump where the tone begins again', () => {
    expect([...toneOf(Int16Array.of(1, 2, 3), 8)]).toEqual([1, 2, 3, 3, 2, 1, 1, 2])
  })
})

test('the figures of an arm are of its own holds', () => {
  const outcome = (arm: string, file: string, wasCutOff: boolean, decidedMs: number | null): Outcome => ({
    arm,
    hold: { file, speaker: file, holdMs: 500 },
    played: { wasCutOff, decidedMs, firstTokenMs: decidedMs && decidedMs + 100 },
  })
  const files = ['a', 'b', 'c', 'd', 'e']
  const outcomes = [
    ...files.map(file => outcome('ours', file, file === 'a', 400)),
    outcome('ours', 'e', false, null),
    ...files.map(file => outcome('other', file, true, 900)),
  ]
  const figures = armFigures('ours', outcomes)
  expect(figures).toMatchObject({ holds: 6, decidedMs: { p50: 400, p90: 400 }, firstTokenMs: { p50: 500 } })
  expect(figures.cutOffPercent.value).toBeCloseTo(100 / 6)
  const [low = 0, high = 0] = figures.cutOffPercent.interval ?? []
  expect(low).toBeLessThan(high)
  expect(armFigures('other', outcomes)).toMatchObject({ cutOffPercent: { value: 100 } })
})
