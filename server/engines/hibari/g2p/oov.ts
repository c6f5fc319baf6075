import { type InferenceSession, Tensor } from 'onnxruntime-node'
import Type, { type Static } from 'typebox'

/** `oov.json` of the package: letters that its network reads, sounds that it writes. */
export const SpellingFile = Type.Object({
  in: Type.Array(Type.String()),
  out: Type.Array(Type.String()),
  maxlen: Type.Integer(),
})

/** A reply says a name more than once. */
const REMEMBERED_WORDS = 1000

/**
 * Pronounces words that no lexicon has, letter by letter, with a small network over characters (CTC: repeats are one, 0 is
 * nothing). Letters with marks that it does not know are read without them.
 */
export function createSpelling(
  session: InferenceSession,
  { in: letters, out: sounds, maxlen }: Static<typeof SpellingFile>,
): (word: string) => Promise<string | null> {
  const idOf = new Map(letters.map((letter, at) => [letter, at + 1]))
  const remembered = new Map<string, string>()
  const idsOf = (letter: string) => idOf.get(letter) ?? idOf.get(letter.normalize('NFD').slice(0, 1))

  return async word => {
    const known = remembered.get(word)
    if (known !== undefined) return known
    const ids = [...word].map(idsOf).filter(id => id !== undefined)
    if (ids.length === 0) return null
    const chars = BigInt64Array.from(ids.slice(0, maxlen), BigInt)
    const { [session.outputNames[0] ?? '']: output } = await session.run({
      chars: new Tensor('int64', chars, [1, chars.length]),
    })
    const written = Array.from(output?.data as BigInt64Array, Number)
    const phonemes = written
      .map((id, at) => (id === 0 || id === written[at - 1] ? '' : (sounds[id - 1] ?? '')))
      .join('')
    if (remembered.size >= REMEMBERED_WORDS) remembered.clear()
    remembered.set(word, phonemes)
    return phonemes
  }
}
