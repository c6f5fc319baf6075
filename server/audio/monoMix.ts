import { QuantvoxError } from '../errors.ts'
import { frameBytes, type SampleFormat, sampleBytes, sampleReader } from './sampleFormat.ts'

const BLOCK_FRAMES = 4096
/** Below this correlation with the leading channel a channel runs against it: in the mean both would be gone. */
const INVERTED = -0.7
/** A channel leads until it has less than this share of the energy of the loudest. */
const LEADING_SHARE = 0.01
/** Floats that are mixed too hot stay below this: 24 dB over full scale. */
const MAX_OVERSHOOT = 16
/** Share of sounding samples that must lie above that before integers are believed in. */
const INTEGER_SHARE = 0.01

/**
 * A decoder of whole interleaved frames into mono floats, full scale ±1, in blocks of 4096 frames: the mean of the
 * channels, those that run against the leading one turned round.
 *
 * @param scale full scale of the samples as they are read
 * @throws QuantvoxError `audio_invalid` at a float that is no number
 */
export function createMonoMix(format: SampleFormat, scale: number) {
  const { channels, sampleRate } = format
  const read = sampleReader(format)
  const bytesOfSample = sampleBytes(format)
  const bytesOfFrame = frameBytes(format)
  const planes = Array.from({ length: channels }, () => new Float32Array(BLOCK_FRAMES))
  let leading = 0
  let frames = 0

  const mixed = (length: number): Float32Array => {
    const energies = planes.map(plane => dot(plane, plane, length))
    const loudest = Math.max(...energies)
    if ((energies[leading] ?? 0) < LEADING_SHARE * loudest) leading = energies.indexOf(loudest)
    const lead = planes[leading] ?? new Float32Array(length)
    const result = new Float32Array(length)
    for (const [index, plane] of planes.entries()) {
      const together = Math.sqrt((energies[index] ?? 0) * (energies[leading] ?? 0))
      const share = (dot(plane, lead, length) < INVERTED * together ? -1 : 1) / channels
      for (let frame = 0; frame < length; frame++) {
        result[frame] = (result[frame] ?? 0) + share * (plane[frame] ?? 0)
      }
    }
    return result
  }

  return function* blocks(audio: Buffer): Generator<Float32Array> {
    const count = Math.floor(audio.length / bytesOfFrame)
    for (let first = 0; first < count; first += BLOCK_FRAMES) {
      const length = Math.min(BLOCK_FRAMES, count - first)
      for (const [channel, plane] of planes.entries()) {
        let offset = first * bytesOfFrame + channel * bytesOfSample
        for (let frame = 0; frame < length; frame++, offset += bytesOfFrame) {
          const sample = read(audio, offset) / scale
          if (!Number.isFinite(sample)) throw noNumber((frames + frame) / sampleRate)
          plane[frame] = sample
        }
      }
      frames += length
      yield channels === 1 ? (planes[0] as Float32Array).slice(0, length) : mixed(length)
    }
  }
}

/**
 * Full scale of floats: 1, or that of the integers that some programs write as floats.
 * @throws QuantvoxError `audio_invalid` where it cannot be told
 */
export async function floatScale(
  format: SampleFormat,
  audio: Iterable<Buffer>,
  breathe: () => Promise<void>,
): Promise<number> {
  const read = sampleReader(format)
  const step = sampleBytes(format)
  let peak = 0
  let sounding = 0
  let large = 0
  for (const bytes of audio) {
    for (let offset = 0; offset + step <= bytes.length; offset += step) {
      const size = Math.abs(read(bytes, offset))
      // What is no number is refused with its place by the mix.
      if (size > 0 && size < Number.POSITIVE_INFINITY) {
        sounding++
        if (size > MAX_OVERSHOOT) large++
        if (size > peak) peak = size
      }
      if ((offset / step) % BLOCK_FRAMES === 0) await breathe()
    }
  }
  if (large === 0) return 1
  const scale = [2 ** 15, 2 ** 23, 2 ** 31].find(full => peak <= 2 * full)
  if (scale !== undefined && large >= INTEGER_SHARE * sounding) return scale
  throw new QuantvoxError(
    'audio_invalid',
    `The scale of the floats in this WAV file cannot be told: the largest is ${peak.toPrecision(3)}, and full scale should be 1.`,
    { mend: 'Write it as integers, for instance with: sox --norm INPUT -b 16 OUTPUT.wav' },
  )
}

function dot(a: Float32Array, b: Float32Array, length: number): number {
  let sum = 0
  for (let index = 0; index < length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0)
  return sum
}

function noNumber(seconds: number): QuantvoxError {
  return new QuantvoxError(
    'audio_invalid',
    `This WAV file has samples that are no numbers (NaN or infinite), first at ${seconds.toFixed(3)} s.`,
    { mend: 'Write it again, for instance with: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav' },
  )
}
