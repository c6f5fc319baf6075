import { setTimeout as sleep } from 'node:timers/promises'
import type { Speech } from '../../audio/utterance.ts'
import { isAbort } from '../../errors.ts'
import type { Decoded } from './decoding.ts'

/**
 * Up to here the encoder window is its floor whatever the clip holds, so cutting silence off could save nothing and
 * decoding need not wait for voice activity. Milliseconds; window.ts has the floor.
 */
export const DECODE_AT_ONCE_MS = 8_000

/** The longest that voice activity waits for the request to go out. */
const HEAD_START_MS = 5

export type Heard = { speech: Speech; decoded: Decoded | null }

/** Decodes a clip while speech is looked for in it; finding none cancels the decoding. */
export async function besideSearch(
  find: () => Promise<Speech>,
  decode: (onAsked: () => void, signal: AbortSignal) => Promise<Decoded>,
  signal: AbortSignal,
): Promise<Heard> {
  const nothingSaid = new AbortController()
  const asked = Promise.withResolvers<void>()
  const decoding = decode(asked.resolve, AbortSignal.any([signal, nothingSaid.signal])).catch(
    (error: unknown) => {
      if (!signal.aborted && isAbort(error, nothingSaid.signal)) return null
      throw error
    },
  )
  // Voice activity keeps the event loop busy, so the request goes out first; behind others it is not waited for.
  const finding = Promise.race([asked.promise, sleep(HEAD_START_MS)])
    .then(find)
    .then(speech => {
      if (speech.segments.length === 0) nothingSaid.abort()
      return speech
    })
    .catch((error: unknown) => {
      nothingSaid.abort()
      throw error
    })
  const [speech, decoded] = await Promise.all([finding, decoding])
  return { speech, decoded: speech.segments.length === 0 ? null : decoded }
}
