import { setImmediate as others } from 'node:timers/promises'
import { QuantvoxError } from '../../../errors.ts'
import { isCrowded } from '../crowded.ts'

/** Shorter strings are read as any JSON is. */
const LONG = 1024
const QUOTE = 0x22
const PADDING = 0x3d
const NO_BASE64 = /[^A-Za-z0-9+/_-]+/g
/** Some milliseconds of work; then others have their turn. */
const PIECE_BYTES = 2 ** 19

/** JSON with sound in it: `audio` has what stood in long `"data"` strings, which hold the index in its place. */
export type AudioJson = { json: unknown; audio: Buffer[] }

/**
 * Reads JSON that may hold megabytes of sound without having JSON.parse, whose time grows with what is in it, go through them: of
 * `"data": "<base64>"` the base64 is cut out first, and what is left is bounded. In a string the quotes would be escaped, so such a
 * place is always a member.
 * @throws QuantvoxError `too_large`, `invalid_request`
 */
export async function readAudioJson(body: Buffer, maxJsonBytes: number): Promise<AudioJson> {
  const audio: Buffer[] = []
  const kept: Buffer[] = []
  let from = 0
  let at = 0
  let cutBytes = 0
  let turnBytes = 0
  for (let found = body.indexOf('"data"', at); found !== -1; found = body.indexOf('"data"', at)) {
    at = found + 6
    if (at - cutBytes > maxJsonBytes) throw tooLarge(maxJsonBytes)
    const opened = /^\s{0,20}:\s{0,20}"/.exec(body.toString('latin1', at, at + 50))
    if (opened === null) continue
    const start = at + opened[0].length
    const end = body.indexOf(QUOTE, start)
    if (end === -1) break
    at = end
    if (end - start < LONG) continue
    kept.push(body.subarray(from, start), Buffer.from(`\\u0000${audio.length}`))
    cutBytes += end - start
    turnBytes += end - start
    if (turnBytes > PIECE_BYTES) {
      await others()
      turnBytes = 0
    }
    audio.push(await decoded(body.subarray(start, end)))
    from = end
  }
  kept.push(body.subarray(from))
  const rest = Buffer.concat(kept)
  if (rest.length > maxJsonBytes) throw tooLarge(maxJsonBytes)
  if (isCrowded(rest)) throw new QuantvoxError('too_large', 'The JSON has too many objects, lists and texts.')
  try {
    return { json: JSON.parse(rest.toString('utf8')), audio }
  } catch (cause) {
    throw new QuantvoxError('invalid_request', 'The body is not JSON.', { cause })
  }
}

/** As `Buffer.from` does it: what is no base64 is left out, and padding is the end. */
async function decoded(base64: Buffer): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.ceil((base64.length * 3) / 4))
  const padding = base64.indexOf(PADDING)
  const end = padding === -1 ? base64.length : padding
  let length = 0
  let rest = ''
  // Four letters are three bytes; a piece ends between two fours.
  const wholeIn = (text: string) => text.length - (text.length % 4)
  const write = (text: string) => bytes.write(text.slice(0, wholeIn(text)), length, 'base64')
  for (let from = 0; from < end; from += PIECE_BYTES) {
    if (from > 0) await others()
    const piece = rest + base64.toString('latin1', from, Math.min(from + PIECE_BYTES, end))
    // To look for what is no base64 takes longer than to decode, and mostly there is none.
    const written = write(piece)
    const isPure = written === (wholeIn(piece) * 3) / 4
    const pure = isPure ? piece : piece.replace(NO_BASE64, '')
    length += isPure ? written : write(pure)
    rest = pure.slice(wholeIn(pure))
  }
  length += bytes.write(rest, length, 'base64')
  return bytes.subarray(0, length)
}

const tooLarge = (maxJsonBytes: number) =>
  new QuantvoxError('too_large', `The JSON without its audio is larger than ${maxJsonBytes / 2 ** 20} MiB.`)

/** The sound of a member `data`. */
export function audioOf(data: string, { audio }: AudioJson): Buffer {
  return (data.startsWith('\0') && audio[Number(data.slice(1))]) || Buffer.from(data, 'base64')
}
