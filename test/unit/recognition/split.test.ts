import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, splitAtPauses } from '../../../server/recognition/utterance/split.ts'

const second = 16_000
const limits = { packMs: 30_000, maxMs: 30_000 }
const silence = (seconds: number) => new Int16Array(seconds * second)

describe('a clip', () => {
  test('without speech has no piece', () => {
    expect(splitAtPauses(silence(5), [], limits)).toEqual([])
  })

  test('that fits is one piece, without the silence around its speech', () => {
    const pieces = splitAtPauses(
      silence(20),
      [
        { startMs: 4000, endMs: 5000 },
        { startMs: 7000, endMs: 9000 },
      ],
      limits,
    )
    expect(pieces).toEqual([{ startMs: 3680, endMs: 9320 }])
    expect(cut(silence(20), { startMs: 3680, endMs: 9320 }).length).toBe(5.64 * second)
  })

  test('that is too long is cut in a pause', () => {
    const segments = [
      { startMs: 500, endMs: 18_000 },
      { startMs: 19_000, endMs: 35_000 },
      { startMs: 35_400, endMs: 40_000 },
    ]
    const pieces = splitAtPauses(silence(45), segments, limits)
    expect(pieces).toEqual([
      { startMs: 180, endMs: 18_320 },
      { startMs: 18_680, endMs: 40_320 },
    ])
  })

  test('with pauses is cut there, though it would fit', () => {
    const segments = [
      { startMs: 1000, endMs: 9000 },
      { startMs: 10_000, endMs: 12_000 },
      { startMs: 13_000, endMs: 33_000 },
    ]
    const pieces = splitAtPauses(silence(35), segments, { packMs: 12_800, maxMs: 30_000 })
    expect(pieces).toEqual([
      { startMs: 680, endMs: 12_320 },
      { startMs: 12_680, endMs: 33_320 },
    ])
  })

  test('of 70 s of speech without a pause is cut where it is quietest', () => {
    const loud = new Int16Array(70 * second).fill(5000)
    loud.fill(10, 24 * second, 24.2 * second)
    const pieces = splitAtPauses(loud, [{ startMs: 0, endMs: 70_000 }], limits)
    expect(pieces[0]?.endMs).toBeGreaterThanOrEqual(24_000)
    expect(pieces[0]?.endMs).toBeLessThanOrEqual(24_200)
  })
})

test('pieces are in order, short enough, do not overlap and hold all speech', () => {
  const lengths = fc.array(
    fc.tuple(fc.integer({ min: 100, max: 50_000 }), fc.integer({ min: 300, max: 4000 })),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  fc.assert(
    fc.property(lengths, parts => {
      let ms = 0
      const segments = parts.map(([speechMs, pauseMs]) => {
        const startMs = ms + pauseMs
        ms = startMs + speechMs
        return { startMs, endMs: ms }
      })
      const samples = new Int16Array(Math.ceil((ms + 500) * 16))
      const pieces = splitAtPauses(samples, segments, limits)
      let before = 0
      for (const piece of pieces) {
        expect(piece.startMs).toBeGreaterThanOrEqual(before)
        expect(piece.endMs - piece.startMs).toBeLessThanOrEqual(30_000)
        before = piece.endMs
      }
      const held = (from: number, to: number) =>
        pieces.reduce(
          (sum, piece) => sum + Math.max(0, Math.min(to, piece.endMs) - Math.max(from, piece.startMs)),
          0,
        )
      for (const { startMs, endMs } of segments) expect(held(startMs, endMs)).toBeCloseTo(endMs - startMs, 3)
    }),
    { numRuns: 60 },
  )
})
