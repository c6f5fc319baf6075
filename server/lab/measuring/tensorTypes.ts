import type { Tensor } from '../../llm/probe.ts'
import type { LlmLoad } from '../observations.ts'

/**
 * Bits of one weight by ggml type, scales and minimums of the blocks included: bytes of a block by the weights in it
 * (ggml-common.h, `static_assert`s of the block structs).
 */
const bitsByType: Record<string, number> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  I8: 8,
  I16: 16,
  I32: 32,
  Q8_0: 8.5,
  Q8_1: 9,
  Q5_1: 6,
  Q5_0: 5.5,
  Q4_1: 5,
  Q4_0: 4.5,
  Q2_K: 2.625,
  Q3_K: 3.4375,
  Q4_K: 4.5,
  Q5_K: 5.5,
  Q6_K: 6.5625,
  Q8_K: 9.125,
  IQ4_NL: 4.5,
  IQ4_XS: 4.25,
  IQ3_S: 3.4375,
  IQ3_XXS: 3.0625,
  IQ2_S: 2.5625,
  IQ2_XS: 2.3125,
  IQ2_XXS: 2.0625,
  IQ1_M: 1.75,
  IQ1_S: 1.5625,
  TQ1_0: 1.6875,
  TQ2_0: 2.0625,
  MXFP4: 4.25,
}

/** Which types a tag's tensors really have, and the mean bits of a weight; null where a type is not known here. */
export function typesOf(tensors: readonly Tensor[]): Pick<LlmLoad, 'tensorTypes' | 'bitsPerWeight'> {
  const types = new Map<string, { tensors: number; weights: number }>()
  for (const { type, shape } of tensors) {
    const seen = types.get(type) ?? { tensors: 0, weights: 0 }
    seen.tensors++
    seen.weights += shape.reduce((product, length) => product * length, 1)
    types.set(type, seen)
  }
  const tensorTypes = [...types].map(([type, counts]) => ({ type, ...counts }))
  let [bits, weights] = [0, 0]
  for (const { type, weights: count } of tensorTypes) {
    bits += count * (bitsByType[type.toUpperCase()] ?? Number.NaN)
    weights += count
  }
  return { tensorTypes, bitsPerWeight: weights === 0 || Number.isNaN(bits) ? null : bits / weights }
}
