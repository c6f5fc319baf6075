import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { QuantvoxError } from '../errors.ts'

const MIN_SAMPLE_RATE = 8_000
const MAX_SAMPLE_RATE = 192_000
const MAX_CHANNELS = 8

export const SampleFormat = Type.Object({
  encoding: Type.Enum(['pcm', 'float', 'A-law', 'mu-law']),
  channels: Type.Integer({ minimum: 1, maximum: MAX_CHANNELS }),
  sampleRate: Type.Integer({ minimum: MIN_SAMPLE_RATE, maximum: MAX_SAMPLE_RATE }),
  bitDepth: Type.Integer({ minimum: 1, maximum: 64 }),
})
export type SampleFormat = Static<typeof SampleFormat>

const encodings: Record<number, SampleFormat['encoding']> = { 1: 'pcm', 3: 'float', 6: 'A-law', 7: 'mu-law' }

/** What else is met in WAV files, and ffmpeg reads: format codes of RFC 2361. */
const codecs: Record<number, string> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  34: 'TrueSpeech',
  49: 'GSM 6.10',
  69: 'G.726 ADPCM',
  80: 'MPEG audio',
  85: 'MP3',
  97: 'Duck ADPCM',
  255: 'AAC',
  353: 'Windows Media Audio',
  5648: 'AAC',
  8192: 'AC-3',
  61868: 'FLAC',
}

const mend =
  'Send WAV with 1 to 32-bit PCM, float, A-law or mu-law, 1 to 8 channels, 8000 to 192000 Hz: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav'

/** The codec of a WAV file that is read by ffmpeg only; null where its samples are read here, or by nobody. */
export function codecName(header: Buffer): string | null {
  return codecs[formatCode(header)] ?? null
}

/**
 * The format of a WAV file, if we read it. Its byte rate is not looked at: nothing needs it.
 * @param header body of its `fmt ` chunk, 16 bytes or more
 * @throws QuantvoxError `audio_invalid` that names the wrong field
 */
export function checkedFormat(header: Buffer): SampleFormat {
  const code = formatCode(header)
  const encoding = encodings[code]
  if (encoding === undefined) throw invalid(`This WAV file holds format ${code}, which is not known here.`)
  const channels = header.readUInt16LE(2)
  const sampleRate = header.readUInt32LE(4)
  const blockBytes = header.readUInt16LE(12)
  const bitDepth = header.readUInt16LE(14)
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw invalid(`This WAV file has ${channels} channels; 1 to ${MAX_CHANNELS} are read.`)
  }
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    throw invalid(
      `This WAV file claims a sample rate of ${sampleRate} Hz; ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} are read.`,
    )
  }
  const depths = { pcm: '1 to 32', float: '32 or 64', 'A-law': '8', 'mu-law': '8' }[encoding]
  const isRead =
    encoding === 'pcm' ? bitDepth >= 1 && bitDepth <= 32 : depths.split(' or ').includes(`${bitDepth}`)
  if (!isRead)
    throw invalid(`This WAV file has ${bitDepth}-bit ${encoding} samples; ${depths} bits are read.`)
  const format = { encoding, channels, sampleRate, bitDepth }
  if (blockBytes !== 0 && blockBytes !== frameBytes(format)) {
    throw invalid(
      `The header of this WAV file contradicts itself: ${channels} × ${bitDepth} bits are not ${blockBytes} bytes.`,
    )
  }
  if (!Check(SampleFormat, format)) throw invalid('The format header of this WAV file cannot be read.')
  return format
}

/** Bytes of one sample; fewer bits than fill them are the upper ones. */
export function sampleBytes({ bitDepth }: SampleFormat): number {
  return Math.ceil(bitDepth / 8)
}

/** Bytes of one sample of every channel. */
export function frameBytes(format: SampleFormat): number {
  return format.channels * sampleBytes(format)
}

/** Reads one sample; of integers full scale is ±1, floats come as they are. */
export function sampleReader(format: SampleFormat): (bytes: Buffer, offset: number) => number {
  const { encoding, bitDepth } = format
  if (encoding === 'mu-law' || encoding === 'A-law') {
    const table = Float32Array.from(
      { length: 256 },
      (_, code) => (encoding === 'A-law' ? aLaw(code) : muLaw(code)) / 32_768,
    )
    return (bytes, offset) => table[bytes[offset] ?? 0] ?? 0
  }
  if (encoding === 'float') {
    return bitDepth === 64
      ? (bytes, offset) => bytes.readDoubleLE(offset)
      : (bytes, offset) => bytes.readFloatLE(offset)
  }
  const length = sampleBytes(format)
  if (length === 1) return (bytes, offset) => (bytes.readUInt8(offset) - 128) / 128
  if (length === 2) return (bytes, offset) => bytes.readInt16LE(offset) / 32_768
  const fullScale = 2 ** (length * 8 - 1)
  return (bytes, offset) => bytes.readIntLE(offset, length) / fullScale
}

/** ITU-T G.711, as 16-bit samples. */
function muLaw(code: number): number {
  const bits = ~code & 0xff
  const size = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84
  return bits & 0x80 ? -size : size
}

function aLaw(code: number): number {
  const bits = code ^ 0x55
  const segment = (bits & 0x70) >> 4
  const size = ((bits & 0x0f) << 4) + (segment === 0 ? 8 : 0x108)
  const scaled = segment > 1 ? size << (segment - 1) : size
  return bits & 0x80 ? scaled : -scaled
}

/** The code, or the SubFormat of WAVE_FORMAT_EXTENSIBLE. */
function formatCode(header: Buffer): number {
  const code = header.readUInt16LE(0)
  return code === 0xfffe && header.length >= 40 ? header.readUInt16LE(24) : code
}

function invalid(message: string): QuantvoxError {
  return new QuantvoxError('audio_invalid', message, { mend })
}
