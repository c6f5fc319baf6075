import { createPcmResampler, PCM_SAMPLE_RATE } from '../audio/pcm.ts'

/**
 * Whole frames at 16 kHz, of samples at the client's rate in pieces of any length.
 * @param frameSamples length of a frame at 16 kHz
 */
export function createFramer(sampleRate: number, frameSamples: number) {
  const resampler = createPcmResampler(sampleRate, PCM_SAMPLE_RATE)
  let frame = new Int16Array(frameSamples)
  /**
   * Silence stands in front for what the resampler holds back, 2 ms at 24 and 48 kHz: a frame would else wait for a whole packet more
   * where it ends with one, as every fifth does of packets of 20 ms. Positions are late by as much, a fifteenth of a frame.
   */
  let filled = resampler.heldBack % frameSamples

  function take(samples: Int16Array): Int16Array[] {
    const whole: Int16Array[] = []
    for (let offset = 0; offset < samples.length; ) {
      const part = samples.subarray(offset, offset + frameSamples - filled)
      frame.set(part, filled)
      filled += part.length
      offset += part.length
      if (filled < frameSamples) break
      whole.push(frame)
      frame = new Int16Array(frameSamples)
      filled = 0
    }
    return whole
  }

  return {
    push: (samples: Int16Array) => take(resampler.push(samples)),
    /** What is left, the last frame filled up with silence. */
    end(): Int16Array[] {
      const whole = take(resampler.end())
      return filled === 0 ? whole : [...whole, frame]
    },
  }
}
