import Type, { type Static } from 'typebox'
import { toBytes } from '../../audio/pcm.ts'
import { askEngine } from '../engineRequest.ts'

/** What our Moonshine engine answers; times in milliseconds. */
export const MoonshineAnswer = Type.Object({
  text: Type.String(),
  tokens: Type.Array(Type.Integer()),
  logProbabilities: Type.Array(
    Type.Number({ description: 'of each token and of the end, natural logarithm' }),
  ),
  draftKept: Type.Integer({ description: 'tokens of the draft that were heard in this audio, too' }),
  encodeMs: Type.Number(),
  decodeMs: Type.Number(),
})
export type MoonshineAnswer = Static<typeof MoonshineAnswer>

/**
 * One greedy decoding by our Moonshine engine (`server/engines/moonshine`), which stops for a client that left within one token.
 * @param draft tokens that one pass of the decoder checks before it goes on after them
 * @throws what `askEngine` throws
 */
export async function requestMoonshine(
  baseUrl: string,
  { samples, draft, timeoutMs }: { samples: Int16Array; draft: readonly number[]; timeoutMs: number },
  signal: AbortSignal,
): Promise<MoonshineAnswer> {
  const url = new URL(`decode?draft=${draft.join(',')}`, `${baseUrl}/`)
  const form = () =>
    new Response(new Uint8Array(toBytes(samples)), {
      headers: { 'content-type': 'application/octet-stream' },
    })
  return await askEngine(url, form, MoonshineAnswer, timeoutMs, signal)
}
