import { QuantvoxError } from '../../../errors.ts'
import { isCrowded } from '../crowded.ts'

/** Shorter strings are read as any JSON is. */
const LONG = 1024
const QUOTE = 0x22

/** JSON with sound in it: `audio` has what stood in long `"data"` strings, which hold the index in its place. */
export type AudioJson = { json: unknown; audio: Buffer[] }

/**
 * Reads JSON that may hold megabytes of sound without having JSON.parse, whose time grows with what is in it, go through them: of
 * `"data": "<base64>"` the base64 is cut out first, and what is left is bounded. In a string the quotes would be escaped, so such a
 * place is always a member.
 * @throws QuantvoxError `too_large`, `invalid_request`
 */
export function readAudioJson(body: Buffer, maxJsonBytes: number): AudioJson {
  const audio: Buffer[] = []
  const kept: Buffer[] = []
  let from = 0
  let at = 0
  let cutBytes = 0
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
    audio.push(Buffer.from(body.toString('latin1', start, end), 'base64'))
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

const tooLarge = (maxJsonBytes: number) =>
  new QuantvoxError('too_large', `The JSON without its audio is larger than ${maxJsonBytes / 2 ** 20} MiB.`)

/** The sound of a member `data`. */
export function audioOf(data: string, { audio }: AudioJson): Buffer {
  return (data.startsWith('\0') && audio[Number(data.slice(1))]) || Buffer.from(data, 'base64')
}
