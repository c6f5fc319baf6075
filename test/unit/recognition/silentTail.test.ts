import { expect, test } from 'vitest'
import { withSilentTail } from '../../../server/recognition/utterance/silentTail.ts'

/** 100 ms of speech, then this much silence, each sample of it another. */
function utterance(silentMs: number) {
  const speech = new Int16Array(1600).fill(9000)
  const silence = Int16Array.from({ length: silentMs * 16 }, (_, i) => i)
  const samples = Int16Array.from([...speech, ...silence])
  return { samples, speech: { speechMs: 100, segments: [{ startMs: 0, endMs: 100 }] } }
}

test('a short silence after speech is made 320 ms long, to and fro and without a jump', () => {
  const { samples, speech } = utterance(128)
  const whole = withSilentTail(samples, speech)
  expect(whole.length).toBe((100 + 320) * 16)
  expect(whole.subarray(0, samples.length)).toEqual(samples)
  for (let index = samples.length; index < whole.length; index++) {
    expect(Math.abs((whole[index] ?? 0) - (whole[index - 1] ?? 0))).toBeLessThanOrEqual(1)
  }
  expect(Math.min(...whole.subarray(samples.length))).toBe(32 * 16)
})

test.each([0, 16, 32, 320, 500])(
  'what has no silence to repeat, or enough of it, stays as it is: %i ms',
  silentMs => {
    const { samples, speech } = utterance(silentMs)
    expect(withSilentTail(samples, speech)).toEqual(samples)
  },
)
