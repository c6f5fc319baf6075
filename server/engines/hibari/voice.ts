import { Tensor } from 'onnxruntime-node'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { pauseMsAfter, withoutSilence } from '../speaking/silence.ts'
import { readPackage } from './packageFile.ts'
import { loadReading, readingFiles } from './reading.ts'
import { createNoise, createWave, SAMPLE_RATE, type Spectrum } from './wave.ts'

/**
 * hibari (Maureese Williams, Apache-2.0), a small network that speaks American English with the voice of Kokoro-82M's af_heart: phonemes
 * to the spectrum of a whole sentence at once, that to sound. Running it holds up the event loop, for a sentence or a quarter of a second of sound.
 * @param path the wheel
 * @param random in [0, 1), for the noise in its sound
 */
export async function loadHibari(path: string, random?: () => number) {
  const file = await readPackage(path, ['hibari.onnx', ...readingFiles])
  const network = await loadNetwork(file('hibari.onnx'), 1)
  const reading = await loadReading(file)
  const wave = createWave(createNoise(random))

  async function spectrumOf(sounds: string): Promise<Spectrum> {
    const ids = reading.idsOf(sounds)
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
    phonemes: (text: string): Promise<string[]> => Array.fromAsync(reading.stretches(text)),
    spectrumOf,
    /** Speech of a text, full scale ±1 at `SAMPLE_RATE`, in pieces of a quarter of a second and less. */
    async *speak(text: string): AsyncGenerator<Float32Array> {
      for await (const sounds of reading.stretches(text))
        yield* withoutSilence(wave(await spectrumOf(sounds)), pauseMsAfter(sounds), SAMPLE_RATE)
    },
  }
}
