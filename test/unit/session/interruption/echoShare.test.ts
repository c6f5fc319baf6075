import { describe, expect, test } from 'vitest'
import { explainedBy } from '../../../../server/session/interruption/echoShare.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'

const PLACES = 3400
const HEARD = 1024
const random = randomFrom(5)
const noise = (length: number) => Float32Array.from({ length }, () => random() - 0.5)
const played = noise(PLACES + HEARD)
const copyOf = (at: number, gain: number) => played.slice(at, at + HEARD).map(sample => gain * sample)

describe('how much of a sound another explains', () => {
  test.each([0, 1, 1777, PLACES - 1, PLACES])('finds a copy from sample %i on', at => {
    const { share, at: found } = explainedBy(played, copyOf(at, 0.01))
    expect(found).toBe(at)
    expect(share).toBeGreaterThan(0.99)
  })

  test('is the share of the copies, however many', () => {
    const [direct, wall, other] = [copyOf(900, 0.3), copyOf(800, 0.2), noise(HEARD)]
    const heard = direct.map((sample, index) => sample + (wall[index] ?? 0) + 0.3 * (other[index] ?? 0))
    const { share, at } = explainedBy(played, heard)
    expect(at).toBe(900)
    expect(share).toBeGreaterThan(0.13 / 0.22 - 0.1)
    expect(share).toBeLessThan(0.13 / 0.22 + 0.1)
  })

  test('of one that was silent, or shorter, is none', () => {
    const none = { share: 0, at: 0 }
    expect(explainedBy(new Float32Array(PLACES + HEARD), noise(HEARD))).toEqual(none)
    expect(
      explainedBy(
        played.map(sample => sample * 1e-8),
        noise(HEARD),
      ),
    ).toEqual(none)
    expect(explainedBy(played.subarray(0, HEARD - 1), noise(HEARD))).toEqual(none)
    expect(explainedBy(played, new Float32Array(HEARD))).toEqual(none)
  })
})
