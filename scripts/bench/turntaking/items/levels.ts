import { levelDb } from '../../../../server/audio/pcm.ts'
import { FRAME_SAMPLES } from '../../../../server/hearing/voiceActivity.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'

/** Peak of the noise of a quiet room: uniform, at −72 dBFS RMS. */
const ROOM_PEAK = 14

/** The sound with its louder half at so many dBFS RMS: pauses in a clip do not make it louder. */
export function atLevel(samples: Int16Array, dB: number): Int16Array {
  const powers: number[] = []
  for (let from = 0; from + FRAME_SAMPLES <= samples.length; from += FRAME_SAMPLES) {
    powers.push(10 ** (levelDb(samples.subarray(from, from + FRAME_SAMPLES)) / 10))
  }
  const louder = powers.toSorted((a, b) => b - a).slice(0, Math.ceil(powers.length / 2))
  const power = louder.reduce((sum, one) => sum + one, 0) / louder.length
  return scaled(samples, dB - 10 * Math.log10(power))
}

/** Louder or quieter by so many dB; clipped where it gets too loud. */
export function scaled(samples: Int16Array, dB: number): Int16Array {
  const gain = 10 ** (dB / 20)
  return samples.map(sample => clipped(Math.round(sample * gain)))
}

/** Steady noise of a room around it, the same each time. */
export function inRoom(samples: Int16Array): Int16Array {
  const random = randomFrom(7)
  return samples.map(sample => clipped(sample + Math.round((random() * 2 - 1) * ROOM_PEAK)))
}

/** Two sounds at once, as long as the first. */
export function mixed(samples: Int16Array, other: Int16Array): Int16Array {
  return samples.map((sample, index) => clipped(sample + (other[index] ?? 0)))
}

const clipped = (sample: number) => Math.max(-32_768, Math.min(32_767, sample))
