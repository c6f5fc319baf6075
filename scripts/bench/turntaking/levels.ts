import { levelDb } from '../../../server/audio/pcm.ts'
import { FRAME_SAMPLES } from '../../../server/hearing/voiceActivity.ts'

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
  return samples.map(sample => Math.max(-32_768, Math.min(32_767, Math.round(sample * gain))))
}
