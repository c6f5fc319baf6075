/// <reference lib="esnext.float16" />
import { describe, expect, it } from 'vitest'
import { dequantizeQ4_1, dequantizeQ8_0 } from '../../../server/setup/convert/dequantize.ts'

/** One block: float16 scale, more float16 values, then bytes. */
function block(halves: number[], bytes: number[]): Buffer {
  return Buffer.concat([Buffer.from(Float16Array.from(halves).buffer), Buffer.from(bytes)])
}

describe('Q4_1 blocks', () => {
  it('put low nibbles into the first half and high nibbles into the second', () => {
    // 0x21: the value 1 goes to index i, the value 2 to index 16 + i.
    const values = dequantizeQ4_1(block([0.5, -3], Array(16).fill(0x21)))
    expect(values).toHaveLength(32)
    expect([...values.subarray(0, 16)]).toEqual(Array(16).fill(0.5 * 1 - 3))
    expect([...values.subarray(16)]).toEqual(Array(16).fill(0.5 * 2 - 3))
  })

  it('use all sixteen steps from the minimum up', () => {
    const nibbles = Array.from({ length: 16 }, (_, q) => q | ((15 - q) << 4))
    const values = dequantizeQ4_1(block([0.25, 1], nibbles))
    expect([...values.subarray(0, 16)]).toEqual(Array.from({ length: 16 }, (_, q) => 1 + q * 0.25))
    expect([...values.subarray(16)]).toEqual(Array.from({ length: 16 }, (_, q) => 1 + (15 - q) * 0.25))
  })

  it('round to float16 only once, after float32', () => {
    // Scale 0.1 as float16 is 0.0999755859375; times 3 plus 1 is 1.2999267578125, between two float16 values.
    const [value] = dequantizeQ4_1(block([0.1, 1], [0x03, ...Array(15).fill(0)]))
    expect(value).toBe(1.2998046875)
  })

  it('keep their own scale and minimum', () => {
    const two = Buffer.concat([block([1, 0], Array(16).fill(0x11)), block([2, 8], Array(16).fill(0x11))])
    const values = dequantizeQ4_1(two)
    expect([values[0], values[31], values[32], values[63]]).toEqual([1, 1, 10, 10])
  })
})

describe('Q8_0 blocks', () => {
  it('are signed bytes times a scale', () => {
    const bytes = [0, 1, 255, 127, 128, ...Array(27).fill(2)]
    const values = dequantizeQ8_0(block([0.5], bytes))
    expect([...values.subarray(0, 6)]).toEqual([0, 0.5, -0.5, 63.5, -64, 1])
  })
})

it('a block that is cut off is an error, not a wrong tensor', () => {
  expect(() => dequantizeQ4_1(Buffer.alloc(19))).toThrow(/whole number of blocks/)
  expect(() => dequantizeQ8_0(Buffer.alloc(35))).toThrow(/whole number of blocks/)
})
