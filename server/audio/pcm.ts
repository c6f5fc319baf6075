import { createResampler } from '../shared/resampler.ts'

/** The common currency of the ears: signed 16-bit mono at this rate, as Silero and Whisper want it. */
export const PCM_SAMPLE_RATE = 16_000

/** Length of mono samples in milliseconds. */
export function durationMs(sampleCount: number, sampleRate: number = PCM_SAMPLE_RATE): number {
  return (sampleCount * 1000) / sampleRate
}

/** Sample position of a time; the nearest one. */
export function samplesIn(milliseconds: number, sampleRate: number = PCM_SAMPLE_RATE): number {
  return Math.round((milliseconds / 1000) * sampleRate)
}

/** Float samples (full scale ±1) as 16 bit; louder ones are clipped. */
export function toInt16(samples: Float32Array): Int16Array {
  const result = new Int16Array(samples.length)
  for (let index = 0; index < samples.length; index++) {
    const scaled = Math.round((samples[index] ?? 0) * 32_768)
    result[index] = Math.min(32_767, Math.max(-32_768, scaled))
  }
  return result
}

/** 16-bit samples as floats, full scale ±1. */
export function toFloat32(samples: Int16Array): Float32Array {
  const result = new Float32Array(samples.length)
  for (let index = 0; index < samples.length; index++) result[index] = (samples[index] ?? 0) / 32_768
  return result
}

/** The parts in one array. */
export function joinSamples(parts: readonly Int16Array[]): Int16Array {
  const result = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}

/** RMS in dB of full scale; −∞ for digital silence, NaN for no samples. */
export function levelDb(samples: Int16Array): number {
  let power = 0
  for (let index = 0; index < samples.length; index++) power += (samples[index] ?? 0) ** 2
  return 10 * Math.log10(power / samples.length / 32_768 ** 2)
}

/** Also of no samples. A loop: asked of every frame, it leaves nothing to be collected. */
export function isDigitalSilence(samples: Int16Array | Float32Array): boolean {
  for (let index = 0; index < samples.length; index++) if (samples[index] !== 0) return false
  return true
}

/** Little-endian bytes of 16-bit samples, without a copy where the machine is little-endian (all that Node 24 runs on but s390x). */
export function toBytes(samples: Int16Array): Buffer {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return isLittleEndian ? bytes : Buffer.from(bytes).swap16()
}

/** 16-bit little-endian bytes as samples; a copy, so any alignment will do. An odd last byte is left out. */
export function fromBytes(bytes: Uint8Array): Int16Array {
  const copy = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
  if (!isLittleEndian) copy.swap16()
  const samples = new Int16Array(copy.length / 2)
  new Uint8Array(samples.buffer).set(copy)
  return samples
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** One stretch of spoken reply: 16-bit mono samples at `sampleRate` hertz. */
export type SpokenAudio = { samples: Int16Array; sampleRate: number }

/** Resamples PCM as it comes; what has the wanted rate already is left as it is. */
export function createPcmResampler(inputRate: number, outputRate: number) {
  if (inputRate === outputRate)
    return { heldBack: 0, push: (samples: Int16Array) => samples, end: () => new Int16Array(0) }
  const resampler = createResampler(inputRate, outputRate)
  return {
    heldBack: resampler.heldBack,
    push: (samples: Int16Array): Int16Array => toInt16(resampler.push(toFloat32(samples))),
    end: (): Int16Array => toInt16(resampler.end()),
  }
}

/** A whole sound at 16 kHz. */
export function atPcmRate({ samples, sampleRate }: SpokenAudio): Int16Array {
  const resampler = createPcmResampler(sampleRate, PCM_SAMPLE_RATE)
  return joinSamples([resampler.push(samples), resampler.end()])
}
