import { open } from 'node:fs/promises'
import { Tensor } from 'onnxruntime-node'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { kokoroVoices } from '../../shared/kokoroVoices.ts'
import { readPackage } from '../hibari/packageFile.ts'
import { loadReading, readingFiles } from '../hibari/reading.ts'
import { piecesOf } from '../speaking/pieces.ts'
import { pauseMsAfter, withoutSilence } from '../speaking/silence.ts'

/** Samples a second of what comes out. */
export const SAMPLE_RATE = 24_000
/** A voice is a style for each number of phonemes from 0 to 509. */
const STYLES = 510
const STYLE_SIZE = 256
const VOICE_BYTES = STYLES * STYLE_SIZE * Float32Array.BYTES_PER_ELEMENT

/**
 * Kokoro-82M (hexgrad, Apache-2.0; StyleTTS 2's decoder with iSTFTNet), which gives a whole stretch of phonemes as sound at once.
 * Running it holds up the event loop for as long.
 * @param reading the wheel of hibari, whose phonemes are Kokoro's
 * @param network the ONNX file
 * @param voices the file of `kokoroVoices`
 */
export async function loadKokoro(reading: string, network: string, voices: string, threads: number) {
  const { stretches, idsOf } = await loadReading(await readPackage(reading, readingFiles))
  const session = await loadNetwork(network, threads)
  // It is `tokens` in one export of the network and `input_ids` in the other.
  const idsName = session.inputNames.find(name => name !== 'style' && name !== 'speed') ?? ''
  const read = new Map<string, Float32Array>()

  async function stylesOf(voice: string): Promise<Float32Array> {
    const known = read.get(voice)
    if (known !== undefined) return known
    const place = kokoroVoices.indexOf(voice)
    if (place < 0) throw new Error(`Kokoro has no voice "${voice}".`)
    const styles = new Float32Array(STYLES * STYLE_SIZE)
    const file = await open(voices)
    try {
      await file.read(new Uint8Array(styles.buffer), 0, VOICE_BYTES, place * VOICE_BYTES)
    } finally {
      await file.close()
    }
    read.set(voice, styles)
    return styles
  }

  async function soundOf(sounds: string, styles: Float32Array): Promise<Float32Array> {
    const ids = idsOf(sounds)
    const from = (ids.length - 2) * STYLE_SIZE
    const style = styles.slice(from, from + STYLE_SIZE)
    const out = await session.run({
      [idsName]: new Tensor('int64', ids, [1, ids.length]),
      style: new Tensor('float32', style, [1, STYLE_SIZE]),
      speed: new Tensor('float32', Float32Array.of(1), [1]),
    })
    return out[session.outputNames[0] ?? '']?.data as Float32Array
  }

  return {
    /** Speech of a text, full scale ±1 at `SAMPLE_RATE`, in pieces of a quarter of a second and less. @param voice of `kokoroVoices` */
    async *speak(text: string, voice: string): AsyncGenerator<Float32Array> {
      const styles = await stylesOf(voice)
      for await (const sounds of stretches(text))
        yield* withoutSilence(
          piecesOf(await soundOf(sounds, styles), SAMPLE_RATE),
          pauseMsAfter(sounds),
          SAMPLE_RATE,
        )
    },
  }
}
