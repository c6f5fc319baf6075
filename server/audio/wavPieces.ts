import { QuantvoxError } from '../errors.ts'

/** Lengths from here on mean "not known when the header was written": ffmpeg pipes 0xFFFFFFFF, arecord 0x80000000, sox 0x7FFFF000. */
const STREAMED_FROM = 0x7fff_f000
/** Writers that count their header in, or a sample that never came, announce a few bytes more than there are. */
const MAX_MISSING_BYTES = 64
/** Chunks, and places that look like the head of a file. Recorders write fewer than twenty. */
const MAX_CHUNKS = 1000
const MAX_FORMAT_BYTES = 4096
/** Bytes that are searched at once. */
const WINDOW_BYTES = 262_144
const HEAD_BYTES = 12

/** Audio of one `data` chunk, and the body of the `fmt ` chunk before it. */
export type WavPiece = { format: Buffer; audio: Buffer }

/**
 * All audio of a WAV file (RIFF, RF64 or BW64), in order: of every `data` chunk, and of every file that is glued to its
 * end. What follows the announced audio and is no chunk is audio, too, so that a length that is too small hides nothing;
 * a length of 0 or of 2 GiB and more means "streamed, until the end".
 *
 * @param breathe called between stretches of work
 * @throws QuantvoxError `audio_invalid` for a file that is cut short or whose chunks cannot be told
 */
export async function wavPieces(file: Buffer, breathe: () => Promise<void>): Promise<WavPiece[]> {
  checkHead(file)
  const pieces: WavPiece[] = []
  let format: Buffer | null = null
  let longBytes: number | null = null
  let audioIsDue = true
  let at = 0
  for (let count = 0; at + 8 <= file.length; count++) {
    if (count === MAX_CHUNKS) throw tooManyChunks()
    if (isHead(file, at)) {
      at += HEAD_BYTES
      format = null
      longBytes = null
      audioIsDue = true
      continue
    }
    const id = idAt(file, at)
    const size = file.readUInt32LE(at + 4)
    const start = at + 8
    let end = start + size
    if (id === 'data') {
      if (format === null) throw invalid('The audio of this WAV file comes before its format.')
      end = await audioEnd(
        file,
        start,
        size === 0xffff_ffff && longBytes !== null ? longBytes : size,
        breathe,
      )
      pieces.push({ format, audio: file.subarray(start, end) })
      audioIsDue = false
    } else if (!isChunkId(id) || end > file.length) {
      if (audioIsDue) throw brokenChunk(id)
      // Junk, or a tag that is cut short: after the audio neither takes any sound with it.
      end = await nextHead(file, start, breathe)
    } else if (id === 'fmt ') {
      if (size < 16 || size > MAX_FORMAT_BYTES) {
        throw invalid(
          `The format header of this WAV file claims to be ${size} bytes long; 16, 18 or 40 would be right.`,
        )
      }
      format = file.subarray(start, end)
    } else if (id === 'ds64' && size >= 16) {
      longBytes = Number(file.readBigUInt64LE(start + 8))
    }
    at = afterPadding(file, start, end)
  }
  if (audioIsDue)
    throw cutShort(format === null ? 'before it says what format the audio has' : 'before any audio')
  return pieces
}

function checkHead(file: Buffer): void {
  if (file.length < HEAD_BYTES) throw cutShort('inside the RIFF header')
  if (idAt(file, 0) === 'RIFX') throw invalid('This is a RIFX file, a kind of WAV that is not read here.')
  if (!isHead(file, 0)) throw invalid('This is not a WAV file: it does not start with RIFF and WAVE.')
}

/** Where audio ends that is announced as so long. */
async function audioEnd(
  file: Buffer,
  start: number,
  announced: number,
  breathe: () => Promise<void>,
): Promise<number> {
  if (announced < STREAMED_FROM) {
    const end = start + announced
    if (end > file.length + MAX_MISSING_BYTES) {
      throw invalid(
        `This WAV file is cut short: its header announces ${announced} bytes of audio, ${file.length - start} came.`,
      )
    }
    if (end >= file.length || chunkBegins(file, afterPadding(file, start, end)))
      return Math.min(end, file.length)
  }
  return nextHead(file, start, breathe)
}

/** Chunks are padded to even length with a zero; some writers forget it. */
function afterPadding(file: Buffer, start: number, end: number): number {
  const isOdd = (end - start) % 2 === 1
  return isOdd && (file[end] === 0 || !isChunkId(idAt(file, end))) ? end + 1 : end
}

/** Whether a chunk or a further file begins here, or only bytes are left that are too few for one. */
function chunkBegins(file: Buffer, at: number): boolean {
  if (at + 8 > file.length || isHead(file, at)) return true
  const id = idAt(file, at)
  const fits = at + 8 + file.readUInt32LE(at + 4) <= file.length
  return ['data', 'fmt ', 'LIST', 'id3 ', 'fact'].includes(id) || (isChunkId(id) && fits)
}

/** Where the next glued file begins; the end where there is none. */
async function nextHead(file: Buffer, from: number, breathe: () => Promise<void>): Promise<number> {
  let likely = 0
  for (let at = from; at < file.length; at += WINDOW_BYTES) {
    const window = file.subarray(at, at + WINDOW_BYTES + HEAD_BYTES)
    for (let wave = window.indexOf('WAVEfmt '); wave !== -1; wave = window.indexOf('WAVEfmt ', wave + 1)) {
      const head = at + wave - 8
      if (head >= from && isHead(file, head)) return head
      if (++likely === MAX_CHUNKS) throw tooManyChunks()
    }
    await breathe()
  }
  return file.length
}

function isHead(file: Buffer, at: number): boolean {
  return ['RIFF', 'RF64', 'BW64'].includes(idAt(file, at)) && idAt(file, at + 8) === 'WAVE'
}

function idAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + 4)
}

function isChunkId(id: string): boolean {
  return /^[\x20-\x7e]{4}$/.test(id)
}

function cutShort(where: string): QuantvoxError {
  return invalid(`This WAV file is cut short: it ends ${where}.`)
}

function brokenChunk(id: string): QuantvoxError {
  if (!isChunkId(id)) return invalid('The WAV file has bytes in its header that are no chunk.')
  return cutShort(id === 'fmt ' ? 'inside its format header' : `inside its ${id.trim()} chunk`)
}

function tooManyChunks(): QuantvoxError {
  return invalid(`This WAV file has more than ${MAX_CHUNKS} chunks.`)
}

function invalid(message: string): QuantvoxError {
  return new QuantvoxError('audio_invalid', message, {
    mend: 'Write it again, for instance with: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav',
  })
}
