import { joinSamples, PCM_SAMPLE_RATE, toFloat32, toInt16 } from '../../../server/audio/pcm.ts'
import { createResampler } from '../../../server/shared/resampler.ts'
import { randomFrom, seedOf } from '../../../server/shared/seeded.ts'
import { atLevel, mixed } from '../turntaking/items/levels.ts'

const MINUTE = 60 * PCM_SAMPLE_RATE
/** Faster and slower voices, which are higher and lower as well. */
const RATES = [14_000, 15_000, 16_000, 17_000, 18_000]

export type WithoutWord = {
  /** Clips of people who talk, and of what is no speech. */
  speech: readonly Int16Array[]
  noise: readonly Int16Array[]
  /** Whether two talk at once. */
  isCrosstalk: boolean
}

/**
 * A minute of people who talk, faster and slower, loud and quiet, over noise 5 to 30 dB below or over others who talk; mono, 16 kHz; the
 * same for the same number.
 */
export function soundWithout({ speech, noise, isCrosstalk }: WithoutWord, minute: number): Int16Array {
  const random = randomFrom(seedOf('wake word', minute))
  const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const track = (clips: readonly Int16Array[], loudestDb: number, rangeDb: number) => {
    const parts: Int16Array[] = []
    for (let length = 0; length < MINUTE; ) {
      const resampler = createResampler(oneOf(RATES), PCM_SAMPLE_RATE)
      const spoken = toFloat32(oneOf(clips))
      const said = joinSamples([toInt16(resampler.push(spoken)), toInt16(resampler.end())])
      const pause = new Int16Array(Math.floor(random() * PCM_SAMPLE_RATE))
      parts.push(atLevel(said, loudestDb - rangeDb * random()), pause)
      length += said.length + pause.length
    }
    return joinSamples(parts).subarray(0, MINUTE)
  }
  const talk = track(speech, -15, 20)
  return mixed(talk, isCrosstalk ? track(speech, -25, 20) : track(noise, -30, 20))
}
