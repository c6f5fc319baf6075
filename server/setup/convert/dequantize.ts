/// <reference lib="esnext.float16" />

/**
 * ggml's block formats back to float16, after the definitions in ggml's `ggml-quants.c`: the value is computed in
 * float32, as there, and rounded to float16 once.
 */

export const ggmlTensorType = { f32: 0, f16: 1, q4_1: 3, q8_0: 8 } as const

const BLOCK_LENGTH = 32
const Q4_1_BYTES = 20
const Q8_0_BYTES = 34

/** Blocks of 32: float16 scale d, float16 minimum m, 16 bytes whose low nibbles are values 0-15 and high ones 16-31; w = d*q + m. */
export function dequantizeQ4_1(blocks: Buffer): Float16Array {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength)
  const count = wholeBlocks(blocks, Q4_1_BYTES)
  const values = new Float16Array(count * BLOCK_LENGTH)
  const table = new Float32Array(16)
  for (let block = 0; block < count; block++) {
    const start = block * Q4_1_BYTES
    const scale = view.getFloat16(start, true)
    const minimum = view.getFloat16(start + 2, true)
    for (let q = 0; q < 16; q++) table[q] = Math.fround(scale * q) + minimum
    for (let index = 0; index < 16; index++) {
      const pair = blocks[start + 4 + index] ?? 0
      values[block * BLOCK_LENGTH + index] = table[pair & 15] ?? 0
      values[block * BLOCK_LENGTH + 16 + index] = table[pair >> 4] ?? 0
    }
  }
  return values
}

/** Blocks of 32: float16 scale d, then 32 signed bytes; w = d*q. */
export function dequantizeQ8_0(blocks: Buffer): Float16Array {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength)
  const count = wholeBlocks(blocks, Q8_0_BYTES)
  const values = new Float16Array(count * BLOCK_LENGTH)
  for (let block = 0; block < count; block++) {
    const start = block * Q8_0_BYTES
    const scale = view.getFloat16(start, true)
    for (let index = 0; index < BLOCK_LENGTH; index++) {
      values[block * BLOCK_LENGTH + index] = Math.fround(scale * view.getInt8(start + 2 + index))
    }
  }
  return values
}

function wholeBlocks(blocks: Buffer, bytesPerBlock: number): number {
  if (blocks.length % bytesPerBlock !== 0) {
    throw new Error(`${blocks.length} bytes are no whole number of blocks of ${bytesPerBlock}`)
  }
  return blocks.length / bytesPerBlock
}
