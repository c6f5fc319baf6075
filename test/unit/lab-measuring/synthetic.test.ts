import { expect, test } from 'vitest'
import { soundsWithoutSpeech, spokenSentences, withNoise } from '../../../server/lab/measuring/synthetic.ts'
import { seedOf, shuffled } from '../../../server/shared/seeded.ts'
import { speakingWith } from '../../support/voice/speakingWith.ts'

const power = (samples: ArrayLike<number>) => {
  let sum = 0
  for (let index = 0; index < samples.length; index++) sum += (samples[index] ?? 0) ** 2
  return sum / samples.length
}

test('noise is as far below the speech as it should be, and the same every time', () => {
  const tone = Int16Array.from({ length: 16_000 }, (_, index) => 3000 * Math.sin(index / 9))
  const noisy = withNoise(tone, 10, 7)
  const noise = noisy.map((sample, index) => sample - (tone[index] ?? 0))
  expect(10 * Math.log10(power(tone) / power(noise))).toBeCloseTo(10, 1)
  expect(withNoise(tone, 10, 7)).toEqual(noisy)
  expect(withNoise(tone, 10, 8)).not.toEqual(noisy)
})

test('sentences are spoken by four voices in turn, half of them in noise, with silence around', async () => {
  const asked: string[] = []
  const voices = speakingWith(async (clause, voice) => {
    asked.push(`${voice} ${clause}`)
    return { samples: new Int16Array(16_000).fill(1000), sampleRate: 16_000, inferenceMs: 1 }
  })
  const clips = await spokenSentences(voices, AbortSignal.timeout(1000))
  expect(clips).toHaveLength(24)
  expect(clips.filter(({ id }) => id.endsWith('-noise'))).toHaveLength(12)
  expect(new Set(asked.map(line => line.split(' ')[0])).size).toBe(4)
  expect(clips[0]?.samples).toHaveLength(16_000 * 1.4)
  expect(new Set(clips.map(({ id }) => id)).size).toBe(24)
})

test('sounds without speech have no text, and stay within 16 bits', () => {
  const sounds = soundsWithoutSpeech()
  expect(sounds.map(({ text, kind }) => `${text}${kind}`)).toEqual(Array(sounds.length).fill('nonspeech'))
  expect(power(sounds.find(({ id }) => id.endsWith('hum'))?.samples ?? [])).toBeGreaterThan(1000)
  expect(soundsWithoutSpeech()).toEqual(sounds)
})

test('a shuffle holds everything, and depends on its seed alone', () => {
  const items = Array.from({ length: 50 }, (_, index) => index)
  const once = shuffled(items, seedOf('run', 1))
  expect(once).toEqual(shuffled(items, seedOf('run', 1)))
  expect(once).not.toEqual(shuffled(items, seedOf('run', 2)))
  expect(once.toSorted((a, b) => a - b)).toEqual(items)
})
