import { open } from 'node:fs/promises'

const MAGIC = 0x67676d6c
/** Bits of one weight by ggml type id: f32, f16, q4_0, q4_1, q5_0, q5_1, q8_0 (ggml.h; blocks of 32 with their scales). */
const bitsByType: Record<number, number> = { 0: 32, 1: 16, 2: 4.5, 3: 5, 6: 5.5, 7: 6, 8: 8.5 }
const MAX_NAME_BYTES = 512
/** Read at once: the tokens are 50,000 small pieces. */
const WINDOW_BYTES = 2 ** 18

/**
 * Mean bits of a weight over all tensors of a ggml whisper file, by their real types. Reads the tensors' headers only, not their
 * data. Null for what is no such file. The layout is that of whisper.cpp's `whisper_model_load`.
 */
export async function bitsPerWeightOf(path: string): Promise<number | null> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    let position = 0
    let window = { at: 0, bytes: Buffer.alloc(0) }
    const read = async (length: number): Promise<Buffer> => {
      if (position < window.at || position + length > window.at + window.bytes.length) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(WINDOW_BYTES), 0, WINDOW_BYTES, position)
        window = { at: position, bytes: buffer.subarray(0, bytesRead) }
      }
      const start = position - window.at
      if (start + length > window.bytes.length) throw new RangeError('the file ends too early')
      position += length
      return window.bytes.subarray(start, start + length)
    }
    const int = async () => (await read(4)).readInt32LE()
    if ((await read(4)).readUInt32LE() !== MAGIC) return null
    position += 11 * 4
    const [mels, bins] = [await int(), await int()]
    position += mels * bins * 4
    for (let left = await int(); left > 0; left--) {
      const length = await int()
      position += length
    }
    let [bits, weights] = [0, 0]
    while (position < size) {
      const [dimensions, nameBytes, type] = [await int(), await int(), await int()]
      const bitsOfOne = bitsByType[type]
      if (bitsOfOne === undefined || dimensions < 1 || dimensions > 4) return null
      if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) return null
      let elements = 1
      for (let index = 0; index < dimensions; index++) {
        const length = await int()
        elements *= length
      }
      position += nameBytes + (elements * bitsOfOne) / 8
      bits += elements * bitsOfOne
      weights += elements
    }
    return weights === 0 ? null : bits / weights
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  } finally {
    await file.close()
  }
}
