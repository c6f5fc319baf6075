import { beforeAll, expect, test } from 'vitest'
import { withFlite } from '../../../scripts/bench/turntaking/items/speakWithFlite.ts'
import { HUM, trimmed, voices } from '../../../scripts/bench/turntaking/items/spoken.ts'
import { levelDb, samplesIn } from '../../../server/audio/pcm.ts'

const FRAME = samplesIn(20)
const frames = (samples: Int16Array) =>
  Array.from({ length: Math.floor(samples.length / FRAME) }, (_, index) =>
    samples.subarray(index * FRAME, (index + 1) * FRAME),
  )

/** Mean frequency of its power, hertz: of a sine, the step from sample to sample is so much of the sample itself. */
function pitchOf(samples: Int16Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0)
  const steps = samples.reduce(
    (sum, sample, index) => sum + (sample - (samples[index - 1] ?? sample)) ** 2,
    0,
  )
  return (16_000 / Math.PI) * Math.asin(Math.min(1, Math.sqrt(steps / power) / 2))
}

let hums: { voice: string; samples: Int16Array }[]
beforeAll(async () => {
  hums = await withFlite(speak =>
    Promise.all(voices.map(async voice => ({ voice, samples: trimmed(await speak(HUM, voice)) }))),
  )
})

test('"mm-hmm" is a short hum in two parts in every voice, and nothing of it hisses', () => {
  for (const { voice, samples } of hums) {
    const levels = frames(samples).map(levelDb)
    const loudest = Math.max(...levels)
    const loud = frames(samples).filter(frame => levelDb(frame) > loudest - 12)
    expect(Math.max(...loud.map(pitchOf)), voice).toBeLessThan(1000)
    const middle = Math.floor(levels.length / 2)
    const first = levels.indexOf(Math.max(...levels.slice(0, middle)))
    const second = levels.indexOf(Math.max(...levels.slice(middle)), middle)
    const quietest = Math.min(...levels.slice(first, second))
    expect(quietest, voice).toBeLessThan(Math.min(levels[first] ?? 0, levels[second] ?? 0) - 3)
    expect(samples.length, voice).toBeLessThan(samplesIn(900))
  }
})
