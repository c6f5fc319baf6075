import type { Ct2Model } from './ct2.ts'

/** A tensor of OpenAI's Whisper: row-major dimensions as PyTorch has them, data as float16. */
export type WhisperTensor = { name: string; dims: number[]; storedAs: 'f16' | 'f32'; data: Buffer }

const projection = { query: 0, key: 1, value: 2 } as const

/**
 * All tensors under OpenAI's names from a CTranslate2 Whisper. CTranslate2 stacks query, key and value of
 * self-attention, and key and value of cross-attention, in one matrix; here they are cut apart. OpenAI's key
 * projections have no bias, so the zeros that CTranslate2 stores for it are left out. In the order of OpenAI's
 * checkpoints: with it the written file is, byte for byte, the one that the whisper.cpp project publishes.
 */
export function* whisperTensors(model: Ct2Model): Generator<WhisperTensor> {
  const tensor = (name: string, source: string, storedAs: 'f16' | 'f32'): WhisperTensor => ({
    name,
    storedAs,
    ...model.readFloat16(source),
  })
  const part = (name: string, source: string, index: number, of: number): WhisperTensor => {
    const { dims, data } = model.readFloat16(source)
    const length = data.length / of
    return {
      name,
      dims: [(dims[0] ?? 0) / of, ...dims.slice(1)],
      storedAs: dims.length > 1 ? 'f16' : 'f32',
      data: data.subarray(index * length, (index + 1) * length),
    }
  }
  function* norm(name: string, source: string) {
    yield tensor(`${name}.weight`, `${source}/gamma`, 'f32')
    yield tensor(`${name}.bias`, `${source}/beta`, 'f32')
  }
  function* linear(name: string, source: string) {
    yield tensor(`${name}.weight`, `${source}/weight`, 'f16')
    yield tensor(`${name}.bias`, `${source}/bias`, 'f32')
  }
  function* stacked(name: string, source: string, index: number, of: number, hasBias: boolean) {
    yield part(`${name}.weight`, `${source}/weight`, index, of)
    if (hasBias) yield part(`${name}.bias`, `${source}/bias`, index, of)
  }
  function* block(name: string, source: string, hasCrossAttention: boolean) {
    const self = `${source}/self_attention`
    yield* norm(`${name}.mlp_ln`, `${source}/ffn/layer_norm`)
    yield* linear(`${name}.mlp.0`, `${source}/ffn/linear_0`)
    yield* linear(`${name}.mlp.2`, `${source}/ffn/linear_1`)
    yield* norm(`${name}.attn_ln`, `${self}/layer_norm`)
    yield* stacked(`${name}.attn.query`, `${self}/linear_0`, projection.query, 3, true)
    yield* stacked(`${name}.attn.key`, `${self}/linear_0`, projection.key, 3, false)
    yield* stacked(`${name}.attn.value`, `${self}/linear_0`, projection.value, 3, true)
    yield* linear(`${name}.attn.out`, `${self}/linear_1`)
    if (hasCrossAttention) {
      const cross = `${source}/attention`
      yield* norm(`${name}.cross_attn_ln`, `${cross}/layer_norm`)
      yield* linear(`${name}.cross_attn.query`, `${cross}/linear_0`)
      yield* stacked(`${name}.cross_attn.key`, `${cross}/linear_1`, 0, 2, false)
      yield* stacked(`${name}.cross_attn.value`, `${cross}/linear_1`, 1, 2, true)
      yield* linear(`${name}.cross_attn.out`, `${cross}/linear_2`)
    }
  }

  yield tensor('decoder.positional_embedding', 'decoder/position_encodings/encodings', 'f32')
  yield tensor('encoder.positional_embedding', 'encoder/position_encodings/encodings', 'f32')
  yield tensor('decoder.token_embedding.weight', 'decoder/embeddings/weight', 'f16')
  for (let layer = 0; layer < layerCount(model, 'decoder'); layer++) {
    yield* block(`decoder.blocks.${layer}`, `decoder/layer_${layer}`, true)
  }
  yield* norm('decoder.ln', 'decoder/layer_norm')
  for (const conv of ['conv1', 'conv2']) {
    yield tensor(`encoder.${conv}.weight`, `encoder/${conv}/weight`, 'f16')
    const bias = tensor(`encoder.${conv}.bias`, `encoder/${conv}/bias`, 'f32')
    // whisper.cpp adds it to columns and reads it as a column.
    yield { ...bias, dims: [...bias.dims, 1] }
  }
  for (let layer = 0; layer < layerCount(model, 'encoder'); layer++) {
    yield* block(`encoder.blocks.${layer}`, `encoder/layer_${layer}`, false)
  }
  yield* norm('encoder.ln_post', 'encoder/layer_norm')
}

export function layerCount(model: Ct2Model, side: 'encoder' | 'decoder'): number {
  let count = 0
  while (model.variables.has(`${side}/layer_${count}/ffn/linear_0/weight`)) count++
  return count
}
