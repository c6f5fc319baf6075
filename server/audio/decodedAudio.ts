import { QuantvoxError } from '../errors.ts'
import { createResampler } from '../shared/resampler.ts'
import { durationMs, joinSamples, PCM_SAMPLE_RATE, toInt16 } from './pcm.ts'

export type DecodeLimits = {
  /** Bytes of the upload. */
  maxBytes: number
  /** Seconds of decoded audio. */
  maxSeconds: number
}

export type DecodedAudio = {
  /** Mono, 16 kHz. */
  samples: Int16Array
  durationMs: number
  /** What came in, for people: "wav pcm 16 bit, 1 channel, 16000 Hz". */
  sourceFormat: string
}

/**
 * Collects mono floats of any rate as 16 kHz PCM and stops at the limit.
 * @throws QuantvoxError `too_large` as soon as more seconds than allowed came in
 */
export function createCollector(sampleRate: number, maxSeconds: number) {
  const resampler = createResampler(sampleRate, PCM_SAMPLE_RATE)
  const parts: Int16Array[] = []
  let received = 0
  const receive = (count: number) => {
    received += count
    if (received > maxSeconds * sampleRate) throw tooLong(maxSeconds)
  }
  return {
    add(mono: Float32Array) {
      receive(mono.length)
      parts.push(toInt16(resampler.push(mono)))
    },
    /** What is 16 kHz already. */
    addPcm(mono: Int16Array) {
      receive(mono.length)
      parts.push(mono)
    },
    end(sourceFormat: string): DecodedAudio {
      parts.push(toInt16(resampler.end()))
      const samples = joinSamples(parts)
      return { samples, durationMs: durationMs(samples.length), sourceFormat }
    },
  }
}

function tooLong(maxSeconds: number): QuantvoxError {
  return new QuantvoxError('too_large', `The audio is longer than ${maxSeconds} s.`, {
    mend: 'Cut it into shorter parts and send them one by one.',
  })
}
