import { readFile } from 'node:fs/promises'
import { Tensor } from 'onnxruntime-node'
import Type from 'typebox'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { jsonOf, readPackage } from '../hibari/packageFile.ts'
import { loadReading, readingFiles } from '../hibari/reading.ts'
import { piecesOf } from '../speaking/pieces.ts'
import { pauseMsAfter, withoutSilence } from '../speaking/silence.ts'
import { espeakSounds } from './espeakSounds.ts'

/** The file beside a Piper voice, as far as it is used: of English with espeak-ng's phonemes, and one speaker. */
const ConfigFile = Type.Object({
  audio: Type.Object({ sample_rate: Type.Integer({ minimum: 8000, maximum: 48_000 }) }),
  espeak: Type.Object({ voice: Type.String({ pattern: '^en' }) }),
  phoneme_type: Type.Optional(Type.Literal('espeak')),
  num_speakers: Type.Literal(1),
  inference: Type.Object({ noise_scale: Type.Number(), length_scale: Type.Number(), noise_w: Type.Number() }),
  phoneme_id_map: Type.Record(Type.String(), Type.Array(Type.Integer())),
})

/**
 * A voice of Piper (VITS; rhasspy, MIT), which gives a whole stretch of phonemes as sound at once. Running it holds up the event loop for as long.
 * Its own phonemes are espeak-ng's (GPL-3), which is no part of this: hibari's are written as espeak-ng would.
 * @param reading the wheel of hibari
 * @param network the ONNX file
 * @param config the JSON file beside it
 */
export async function loadPiper(reading: string, network: string, config: string, threads: number) {
  const { stretches } = await loadReading(await readPackage(reading, readingFiles))
  const { audio, inference, phoneme_id_map: idsOf } = jsonOf(ConfigFile, await readFile(config))
  const session = await loadNetwork(network, threads)
  const sampleRate = audio.sample_rate
  const { noise_scale, length_scale, noise_w } = inference
  const scales = Float32Array.of(noise_scale, length_scale, noise_w)
  const numbersOf = (sign: string) => idsOf[sign] ?? []

  async function soundOf(sounds: string): Promise<Float32Array> {
    // Between two signs, and behind the one that begins all, stands one for nothing.
    const ids = ['^', ...espeakSounds(sounds).normalize('NFD')].flatMap(sign => {
      const numbers = numbersOf(sign)
      return numbers.length === 0 ? [] : [...numbers, ...numbersOf('_')]
    })
    const input = BigInt64Array.from([...ids, ...numbersOf('$')], BigInt)
    const out = await session.run({
      input: new Tensor('int64', input, [1, input.length]),
      input_lengths: new Tensor('int64', BigInt64Array.of(BigInt(input.length)), [1]),
      scales: new Tensor('float32', scales, [scales.length]),
    })
    return out[session.outputNames[0] ?? '']?.data as Float32Array
  }

  return {
    sampleRate,
    /** Speech of a text, full scale ±1 at `sampleRate`, in pieces of a quarter of a second and less. */
    async *speak(text: string): AsyncGenerator<Float32Array> {
      for await (const sounds of stretches(text))
        yield* withoutSilence(piecesOf(await soundOf(sounds), sampleRate), pauseMsAfter(sounds), sampleRate)
    },
  }
}
