import { gunzipSync } from 'node:zlib'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import Type from 'typebox'
import { createLexicon } from './g2p/lexicon.ts'
import { createNormalizer, NormalizeFile } from './g2p/normalize.ts'
import { createSpelling, SpellingFile } from './g2p/oov.ts'
import { createPhonemes } from './g2p/phonemes.ts'
import { createTagger } from './g2p/tagger.ts'
import { createTokenizer, ExceptionsFile } from './g2p/tokenize.ts'
import { jsonOf, readPackage } from './packageFile.ts'
import { sentencesOf, withinLimit } from './sentences.ts'
import { pauseMsAfter, withoutSilence } from './silence.ts'
import { createNoise, createWave, type Spectrum } from './wave.ts'

const VocabularyFile = Type.Record(Type.String(), Type.Integer())

const files = [
  ...['hibari.onnx', 'vocab.json', 'oov.onnx', 'oov.json', 'normalize.json', 'tagger.json.gz'],
  ...['tokenizer_exceptions.json', 'lexicon_us_gold.json.gz', 'lexicon_us_silver.json.gz'],
] as const

const options: InferenceSession.SessionOptions = {
  ...{ intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' },
  ...{ graphOptimizationLevel: 'all', logSeverityLevel: 3 },
}

/**
 * hibari (Maureese Williams, Apache-2.0), a small network that speaks American English with the voice of Kokoro-82M's af_heart: phonemes
 * to the spectrum of a whole sentence at once, that to sound. Running it holds up the event loop, for a sentence or a quarter of a second of sound.
 * @param path the wheel
 * @param random in [0, 1), for the noise in its sound
 */
export async function loadHibari(path: string, random?: () => number) {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const file = await readPackage(path, files)
  const network = await InferenceSession.create(file('hibari.onnx'), options)
  const speller = await InferenceSession.create(file('oov.onnx'), options)
  const idOf = new Map(Object.entries(jsonOf(VocabularyFile, file('vocab.json'))))
  const titles = jsonOf(NormalizeFile, file('normalize.json')).titles
  const phonemes = createPhonemes({
    lexicon: createLexicon(
      gunzipSync(file('lexicon_us_gold.json.gz')),
      gunzipSync(file('lexicon_us_silver.json.gz')),
    ),
    normalize: createNormalizer(jsonOf(NormalizeFile, file('normalize.json'))),
    tokenize: createTokenizer(jsonOf(ExceptionsFile, file('tokenizer_exceptions.json'))),
    tags: createTagger(gunzipSync(file('tagger.json.gz'))),
    spell: createSpelling(speller, jsonOf(SpellingFile, file('oov.json'))),
  })
  const wave = createWave(createNoise(random))

  async function spectrumOf(sounds: string): Promise<Spectrum> {
    const known = [...sounds].map(sound => idOf.get(sound)).filter(id => id !== undefined)
    const ids = BigInt64Array.from([0, ...known, 0], BigInt)
    const out = await network.run({
      ids: new Tensor('int64', ids, [1, ids.length]),
      speed: new Tensor('float32', Float32Array.of(1), [1]),
    })
    const dataOf = (name: keyof Spectrum) => out[name]?.data as Float32Array
    return {
      ...{ lh: dataOf('lh'), theta: dataOf('theta'), ln: dataOf('ln') },
      ...{ lr: dataOf('lr'), phi: dataOf('phi'), f0: dataOf('f0') },
    }
  }

  return {
    /** Phonemes of a text, one string for each stretch that the network sees at once. */
    async phonemes(text: string): Promise<string[]> {
      const said: string[] = []
      for (const sentence of sentencesOf(text, titles)) said.push(...withinLimit(await phonemes(sentence)))
      return said
    },
    spectrumOf,
    /** Speech of a text, full scale ±1 at `SAMPLE_RATE`, in pieces of a quarter of a second and less. */
    async *speak(text: string): AsyncGenerator<Float32Array> {
      for (const sentence of sentencesOf(text, titles))
        for (const sounds of withinLimit(await phonemes(sentence)))
          yield* withoutSilence(wave(await spectrumOf(sounds)), pauseMsAfter(sounds))
    },
  }
}
