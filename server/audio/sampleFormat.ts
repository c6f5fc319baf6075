import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { QuantvoxError } from '../errors.ts'

const MIN_SAMPLE_RATE = 8_000
const MAX_SAMPLE_RATE = 192_000
const MAX_CHANNELS = 8

/** What `wav`'s Reader tells in its `format` event, and nothing checked yet. */
const AnnouncedFormat = Type.Object({
  audioFormat: Type.Integer(),
  endianness: Type.Literal('LE'),
  channels: Type.Integer(),
  sampleRate: Type.Integer(),
  blockAlign: Type.Integer(),
  bitDepth: Type.Integer(),
})

export const SampleFormat = Type.Object({
  encoding: Type.Enum(['pcm', 'float']),
  channels: Type.Integer({ minimum: 1, maximum: MAX_CHANNELS }),
  sampleRate: Type.Integer({ minimum: MIN_SAMPLE_RATE, maximum: MAX_SAMPLE_RATE }),
  bitDepth: Type.Enum([8, 16, 24, 32, 64]),
})
export type SampleFormat = Static<typeof SampleFormat>

const mend =
  'Send WAV with 8 to 32-bit PCM or float, 1 to 8 channels, 8000 to 192000 Hz: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav'

const encodings = new Map([
  [1, 'pcm'],
  [3, 'float'],
] as const)

/**
 * The format of a WAV file, if we read it.
 * @param announced the `format` event of `wav`'s Reader
 * @param subFormat format code of a WAVE_FORMAT_EXTENSIBLE header, else null
 * @throws QuantvoxError `audio_invalid` that names the wrong field
 */
export function checkedFormat(announced: unknown, subFormat: number | null): SampleFormat {
  if (!Check(AnnouncedFormat, announced)) throw invalid('The format header of this WAV file cannot be read.')
  const { channels, sampleRate, bitDepth, blockAlign } = announced
  const code = subFormat ?? announced.audioFormat
  const encoding = encodings.get(code as 1 | 3)
  if (encoding === undefined)
    throw invalid(`This WAV file holds ${formatName(code)}, which is not read here.`)
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw invalid(`This WAV file has ${channels} channels; 1 to ${MAX_CHANNELS} are read.`)
  }
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    throw invalid(
      `This WAV file claims a sample rate of ${sampleRate} Hz; ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} are read.`,
    )
  }
  const depths = encoding === 'pcm' ? [8, 16, 24, 32] : [32, 64]
  if (!depths.includes(bitDepth)) {
    throw invalid(
      `This WAV file has ${bitDepth}-bit ${encoding} samples; ${depths.join(', ')} bits are read.`,
    )
  }
  if (blockAlign !== (channels * bitDepth) / 8) {
    throw invalid(
      `The header of this WAV file contradicts itself: ${channels} × ${bitDepth} bits are not ${blockAlign} bytes.`,
    )
  }
  const format = { encoding, channels, sampleRate, bitDepth }
  if (!Check(SampleFormat, format)) throw invalid('The format header of this WAV file cannot be read.')
  return format
}

/**
 * A decoder of interleaved bytes into mono floats (the mean of the channels), full scale ±1; a frame that is
 * split between two chunks is put together.
 * @throws QuantvoxError `audio_invalid` at a float that is no number
 */
export function createMonoDecoder(format: SampleFormat) {
  const { channels, sampleRate } = format
  const sampleBytes = format.bitDepth / 8
  const frameBytes = sampleBytes * channels
  const read = sampleReader(format)
  /** What microphones and telephones send, and most of what comes: worth a loop of its own. */
  const isPlain = channels === 1 && format.encoding === 'pcm' && format.bitDepth === 16
  let carry = Buffer.alloc(0)
  let frames = 0

  const mixedSamples = (all: Buffer, count: number): Float32Array => {
    const result = new Float32Array(count)
    for (let frame = 0; frame < count; frame++) {
      let sum = 0
      for (let channel = 0; channel < channels; channel++) {
        sum += read(all, frame * frameBytes + channel * sampleBytes)
      }
      if (!Number.isFinite(sum)) {
        const position = ((frames + frame) / sampleRate).toFixed(3)
        throw invalid(
          `This WAV file has samples that are no numbers (NaN or infinite), first at ${position} s.`,
        )
      }
      result[frame] = sum / channels
    }
    return result
  }

  return {
    /** Bytes of an incomplete last frame. */
    get leftBytes() {
      return carry.length
    },
    get frames() {
      return frames
    },
    push(bytes: Buffer): Float32Array {
      const all = carry.length === 0 ? bytes : Buffer.concat([carry, bytes])
      const count = Math.floor(all.length / frameBytes)
      const result = isPlain ? plainSamples(all, count) : mixedSamples(all, count)
      frames += count
      carry = Buffer.from(all.subarray(count * frameBytes))
      return result
    },
  }
}

/** 16-bit mono as floats; little-endian, as every machine that this runs on. */
function plainSamples(bytes: Buffer, count: number): Float32Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Buffer.from(bytes)
  const samples = new Int16Array(aligned.buffer, aligned.byteOffset, count)
  const result = new Float32Array(count)
  for (let i = 0; i < count; i++) result[i] = (samples[i] ?? 0) / 32_768
  return result
}

function sampleReader({ encoding, bitDepth }: SampleFormat): (bytes: Buffer, offset: number) => number {
  if (encoding === 'float') {
    return bitDepth === 64
      ? (bytes, offset) => bytes.readDoubleLE(offset)
      : (bytes, offset) => bytes.readFloatLE(offset)
  }
  if (bitDepth === 8) return (bytes, offset) => (bytes.readUInt8(offset) - 128) / 128
  if (bitDepth === 16) return (bytes, offset) => bytes.readInt16LE(offset) / 32_768
  const fullScale = 2 ** (bitDepth - 1)
  const length = bitDepth / 8
  return (bytes, offset) => bytes.readIntLE(offset, length) / fullScale
}

function formatName(code: number): string {
  const names: Record<number, string> = { 2: 'ADPCM', 6: 'A-law', 7: 'mu-law', 17: 'IMA ADPCM', 85: 'MP3' }
  return names[code] ?? `format ${code}`
}

function invalid(message: string): QuantvoxError {
  return new QuantvoxError('audio_invalid', message, { mend })
}
