import { QuantvoxError } from '../errors.ts'
import { detectContainer } from './containers.ts'
import type { DecodedAudio, DecodeLimits } from './decodedAudio.ts'
import { decodeWav } from './decodeWav.ts'
import { decodeWithFfmpeg } from './ffmpeg.ts'
import { codecName } from './sampleFormat.ts'
import { type WavPiece, wavPieces } from './wavPieces.ts'
import { createBreather } from './yielding.ts'

export type { DecodedAudio, DecodeLimits }

/**
 * Decodes an upload by what its first bytes are: WAV here, its rarer codecs and other known containers with ffmpeg.
 * All of its sound is heard, or it is refused with the reason.
 *
 * @param ffmpeg path or name of ffmpeg; it need not exist
 * @throws QuantvoxError `audio_invalid`, `too_large`, or `unsupported_media_type` where ffmpeg is needed and missing;
 * the signal's reason when aborted
 */
export async function decodeAudio(
  bytes: Buffer,
  { maxBytes, maxSeconds }: DecodeLimits,
  signal: AbortSignal,
  ffmpeg = 'ffmpeg',
): Promise<DecodedAudio> {
  signal.throwIfAborted()
  if (bytes.length > maxBytes) {
    throw new QuantvoxError('too_large', `The audio is larger than ${(maxBytes / 2 ** 20).toFixed(0)} MiB.`, {
      mend: 'Send less at once, as 16 kHz mono 16-bit WAV, or raise MAX_UPLOAD_MB.',
    })
  }
  const container = detectContainer(bytes)
  if (bytes.length === 0 || container === 'unknown') throw notAudio(bytes.length)
  if (container !== 'wav')
    return decodeWithFfmpeg(ffmpeg, bytes, { container, name: container }, maxSeconds, signal)

  const breathe = createBreather(signal)
  const pieces = await wavPieces(bytes, breathe)
  const codec = pieces.map(({ format }) => codecName(format)).find(name => name !== null)
  if (codec === undefined) return decodeWav(pieces, maxSeconds, breathe)
  const [piece, ...others] = pieces
  if (piece === undefined || others.length > 0) {
    throw new QuantvoxError(
      'audio_invalid',
      `This WAV file is ${pieces.length} recordings with ${codec} one after the other.`,
      {
        meaning: 'Of that codec only a single one is read.',
        mend: 'Send them one by one.',
      },
    )
  }
  return decodeWithFfmpeg(
    ffmpeg,
    rewritten(piece),
    { container, name: `WAV with ${codec}` },
    maxSeconds,
    signal,
  )
}

/** The piece as a WAV file whose lengths are right: ffmpeg believes them. */
function rewritten({ format, audio }: WavPiece): Buffer {
  const chunk = (id: string, body: Buffer) => {
    const head = Buffer.alloc(8)
    head.write(id, 'latin1')
    head.writeUInt32LE(body.length, 4)
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)])
  }
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), chunk('fmt ', format), chunk('data', audio)]))
}

function notAudio(length: number): QuantvoxError {
  if (length === 0) {
    return new QuantvoxError('audio_invalid', 'The audio is empty: no bytes came.', {
      mend: 'Send a WAV file in the field `audio`.',
    })
  }
  return new QuantvoxError('audio_invalid', 'This is not audio in a format known here.', {
    mend: 'Send WAV; with ffmpeg on the machine of the server Ogg, WebM, MP4, MP3, AAC, AIFF and FLAC are read, too.',
  })
}
