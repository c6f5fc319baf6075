import { QuantvoxError } from '../errors.ts'

/** Lengths from here on mean "not known when the header was written": ffmpeg pipes 0xFFFFFFFF, arecord 0x80000000, sox 0x7FFFF000. */
const STREAMED_FROM = 0x7fff_f000
const MAX_FORMAT_BYTES = 4096

export type WavHeader = {
  /** Audio bytes that the `data` chunk announces; null where the writer did not know. */
  announcedBytes: number | null
  /** Format code in the SubFormat of WAVE_FORMAT_EXTENSIBLE, else null. */
  subFormat: number | null
}

/**
 * Leaves of a WAV stream only what `wav`'s Reader can take: the RIFF head, the `fmt ` chunk and the `data` chunk.
 * The Reader gives up at anything before `fmt `, miscounts after a chunk of odd length, buffers unknown chunks
 * whatever their size, and tells neither the announced length nor the SubFormat; `header` gets those.
 *
 * @throws QuantvoxError `audio_invalid` for a head that is cut short or wrong.
 */
export async function* audioChunksOf(
  source: AsyncIterable<Uint8Array>,
  header: WavHeader,
): AsyncGenerator<Buffer> {
  const reader = byteReader(source)
  try {
    yield* wantedChunks(reader, header)
  } finally {
    await reader.close()
  }
}

async function* wantedChunks(reader: ByteReader, header: WavHeader): AsyncGenerator<Buffer> {
  const head = await reader.exactly(12)
  if (head === null) throw cutShort('inside the RIFF header')
  const [riff, wave] = [head.toString('latin1', 0, 4), head.toString('latin1', 8, 12)]
  if (riff === 'RIFX' || riff === 'RF64') {
    throw invalid(`This is a ${riff} file, a kind of WAV that is not read here.`)
  }
  if (riff !== 'RIFF' || wave !== 'WAVE')
    throw invalid('This is not a WAV file: it does not start with RIFF and WAVE.')
  yield head

  let formatSeen = false
  for (;;) {
    const chunk = await reader.exactly(8)
    if (chunk === null) {
      throw cutShort(formatSeen ? 'before any audio' : 'before it says what format the audio has')
    }
    const id = chunk.toString('latin1', 0, 4)
    const size = chunk.readUInt32LE(4)
    if (id === 'data') {
      if (!formatSeen) throw invalid('The audio of this WAV file comes before its format.')
      yield chunk
      yield* dataOf(reader, size, header)
      return
    }
    if (id === 'fmt ') {
      if (size < 16 || size > MAX_FORMAT_BYTES) {
        throw invalid(
          `The format header of this WAV file claims to be ${size} bytes long; 16, 18 or 40 would be right.`,
        )
      }
      const format = await reader.exactly(size)
      if (format === null) throw cutShort('inside its format header')
      header.subFormat = format.readUInt16LE(0) === 0xfffe && size >= 40 ? format.readUInt16LE(24) : null
      formatSeen = true
      yield chunk
      yield format
    } else {
      if (!isChunkId(id)) throw invalid('The WAV file has bytes in its header that are no chunk.')
      if (!(await reader.skip(size))) throw cutShort(`inside its ${id.trim()} chunk`)
    }
    // Chunks are padded to even length.
    if (size % 2 === 1) await reader.skip(1)
  }
}

async function* dataOf(reader: ByteReader, size: number, header: WavHeader): AsyncGenerator<Buffer> {
  if (size === 0 || size >= STREAMED_FROM) {
    header.announcedBytes = null
    yield* reader.upTo(Number.POSITIVE_INFINITY)
    return
  }
  header.announcedBytes = size
  yield* reader.upTo(size)
  if (size % 2 === 1) await reader.skip(1)
  let rest = await reader.exactly(8)
  while (rest !== null) {
    if (!isChunkId(rest.toString('latin1', 0, 4))) {
      throw invalid(
        `The header of this WAV file announces ${size} bytes of audio, but there is more after them.`,
      )
    }
    const length = rest.readUInt32LE(4)
    await reader.skip(length + (length % 2))
    rest = await reader.exactly(8)
  }
}

type ByteReader = ReturnType<typeof byteReader>

function byteReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]()
  let left: Buffer = Buffer.alloc(0)

  /** The next non-empty piece of at most `limit` bytes, or null at the end. */
  const piece = async (limit: number): Promise<Buffer | null> => {
    while (left.length === 0) {
      const { done, value } = await iterator.next()
      if (done === true) return null
      left = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    const part = left.subarray(0, Math.min(limit, left.length))
    left = left.subarray(part.length)
    return part
  }

  async function* upTo(limit: number): AsyncGenerator<Buffer> {
    let remaining = limit
    while (remaining > 0) {
      const part = await piece(remaining)
      if (part === null) return
      remaining -= part.length
      yield part
    }
  }

  return {
    upTo,
    /** Ends the source, read to its end or not. */
    close: () => iterator.return?.(),
    /** Exactly so many bytes, or null where the source ends before. */
    async exactly(length: number): Promise<Buffer | null> {
      const parts: Buffer[] = []
      for await (const part of upTo(length)) parts.push(part)
      const whole = Buffer.concat(parts)
      return whole.length === length ? whole : null
    },
    /** False where the source ends before. */
    async skip(length: number): Promise<boolean> {
      let skipped = 0
      for await (const part of upTo(length)) skipped += part.length
      return skipped === length
    },
  }
}

function isChunkId(id: string): boolean {
  return /^[\x20-\x7e]{4}$/.test(id)
}

function cutShort(where: string): QuantvoxError {
  return invalid(`This WAV file is cut short: it ends ${where}.`)
}

function invalid(message: string): QuantvoxError {
  return new QuantvoxError('audio_invalid', message, {
    mend: 'Write it again, for instance with: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav',
  })
}
