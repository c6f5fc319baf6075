import { QuantvoxError } from '../errors.ts'
import { CONTAINER_BYTES, type Container, detectContainer } from './containers.ts'
import type { DecodedAudio, DecodeLimits } from './decodedAudio.ts'
import { decodeWav } from './decodeWav.ts'
import { decodeWithFfmpeg } from './ffmpeg.ts'

export type { DecodedAudio, DecodeLimits }

/**
 * Decodes an upload by what its first bytes are: WAV here, other known containers with ffmpeg.
 *
 * @param ffmpeg path or name of ffmpeg; it need not exist
 * @throws QuantvoxError `audio_invalid`, `too_large`, or `unsupported_media_type` where ffmpeg is needed and missing
 */
export async function decodeAudio(
  source: AsyncIterable<Uint8Array>,
  limits: DecodeLimits,
  signal: AbortSignal,
  ffmpeg = 'ffmpeg',
): Promise<DecodedAudio> {
  const { container, all, close } = await sniff(source)
  try {
    if (container === 'wav') return await decodeWav(all, limits, signal)
    if (container === 'empty' || container === 'unknown') throw notAudio(container)
    return await decodeWithFfmpeg(ffmpeg, all, container, limits, signal)
  } finally {
    await close()
  }
}

function notAudio(container: 'empty' | 'unknown'): QuantvoxError {
  if (container === 'empty') {
    return new QuantvoxError('audio_invalid', 'The audio is empty: no bytes came.', {
      mend: 'Send a WAV file in the field `audio`.',
    })
  }
  return new QuantvoxError('audio_invalid', 'This is not audio in a format known here.', {
    mend: 'Send WAV; with ffmpeg on the machine of the server Ogg, WebM, MP4, MP3, AAC, AIFF and FLAC are read, too.',
  })
}

/** Reads as much as is needed to tell the container, and gives the whole source again. */
async function sniff(source: AsyncIterable<Uint8Array>): Promise<{
  container: Container | 'empty'
  all: AsyncIterable<Uint8Array>
  close(): Promise<unknown>
}> {
  const iterator = source[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let length = 0
  while (length < CONTAINER_BYTES) {
    const next = await iterator.next()
    if (next.done === true) break
    read.push(next.value)
    length += next.value.length
  }
  async function* all() {
    yield* read
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return {
    container: length === 0 ? 'empty' : detectContainer(Buffer.concat(read)),
    all: all(),
    close: async () => iterator.return?.(),
  }
}
