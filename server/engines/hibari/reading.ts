import { gunzipSync } from 'node:zlib'
import Type from 'typebox'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { createLexicon } from './g2p/lexicon.ts'
import { createNormalizer, NormalizeFile } from './g2p/normalize.ts'
import { createSpelling, SpellingFile } from './g2p/oov.ts'
import { createPhonemes } from './g2p/phonemes.ts'
import { createTagger } from './g2p/tagger.ts'
import { createTokenizer, ExceptionsFile } from './g2p/tokenize.ts'
import { jsonOf } from './packageFile.ts'
import { sentencesOf, withinLimit } from './sentences.ts'

const VocabularyFile = Type.Record(Type.String(), Type.Integer())

/** What is read for it of hibari's package. */
export const readingFiles = [
  ...['vocab.json', 'oov.onnx', 'oov.json', 'normalize.json', 'tagger.json.gz'],
  ...['tokenizer_exceptions.json', 'lexicon_us_gold.json.gz', 'lexicon_us_silver.json.gz'],
] as const

export type Reading = Awaited<ReturnType<typeof loadReading>>

/** How American English is read aloud, for every network that takes phonemes. @param file reads `readingFiles` */
export async function loadReading(file: (name: string) => Buffer) {
  const speller = await loadNetwork(file('oov.onnx'), 1)
  const idOf = new Map(Object.entries(jsonOf(VocabularyFile, file('vocab.json'))))
  const normalizing = jsonOf(NormalizeFile, file('normalize.json'))
  const phonemes = createPhonemes({
    lexicon: createLexicon(
      gunzipSync(file('lexicon_us_gold.json.gz')),
      gunzipSync(file('lexicon_us_silver.json.gz')),
    ),
    normalize: createNormalizer(normalizing),
    tokenize: createTokenizer(jsonOf(ExceptionsFile, file('tokenizer_exceptions.json'))),
    tags: createTagger(gunzipSync(file('tagger.json.gz'))),
    spell: createSpelling(speller, jsonOf(SpellingFile, file('oov.json'))),
  })

  return {
    /** Phonemes of a text, one string for each stretch that a network sees at once. */
    async *stretches(text: string): AsyncGenerator<string> {
      for (const sentence of sentencesOf(text, normalizing.titles))
        yield* withinLimit(await phonemes(sentence))
    },
    /** The numbers of phonemes in Kokoro-82M's vocabulary, which hibari has of it, with the one for nothing before and behind them. */
    idsOf(sounds: string): BigInt64Array {
      const known = [...sounds].map(sound => idOf.get(sound)).filter(id => id !== undefined)
      return BigInt64Array.from([0, ...known, 0], BigInt)
    },
  }
}
