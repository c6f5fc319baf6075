/// <reference lib="esnext.float16" />
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runConversion } from '../../../server/setup/convert/run.ts'
import { convertWhisper } from '../../../server/setup/convert/whisper.ts'

const state = 64
const vocabulary = 51_864

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer)
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const string = (value: string) => Buffer.concat([u16(value.length + 1), Buffer.from(value), Buffer.alloc(1)])

/** A variable whose elements are all `first`, `first` + 1, ... by row, so that it shows where a row came from. */
function variable(name: string, dims: number[], valueOfRow: (row: number) => number): Buffer {
  const rowLength = dims.slice(1).reduce((product, dim) => product * dim, 1)
  const values = new Float16Array((dims[0] ?? 1) * rowLength)
  for (let row = 0; row < (dims[0] ?? 1); row++)
    values.fill(valueOfRow(row), row * rowLength, (row + 1) * rowLength)
  const data = Buffer.from(values.buffer)
  return Buffer.concat([
    string(name),
    Buffer.from([dims.length]),
    ...dims.map(u32),
    Buffer.from([4]),
    u32(data.length),
    data,
  ])
}

/** A CTranslate2 Whisper of one layer a side, with every variable that a real one has. */
function smallCt2(): Buffer {
  const linear = (name: string, outputs: number, inputs: number, valueOfRow = (_row: number) => 1) => [
    variable(`${name}/weight`, [outputs, inputs], valueOfRow),
    variable(`${name}/bias`, [outputs], valueOfRow),
  ]
  const norm = (name: string) => [
    variable(`${name}/gamma`, [state], () => 1),
    variable(`${name}/beta`, [state], () => 2),
  ]
  /** 10 for query rows, 11 for key rows, 12 for value rows. */
  const stack = (row: number) => 10 + Math.floor(row / state)
  const layer = (name: string) => [
    ...linear(`${name}/self_attention/linear_0`, 3 * state, state, stack),
    ...linear(`${name}/self_attention/linear_1`, state, state),
    ...norm(`${name}/self_attention/layer_norm`),
    ...linear(`${name}/ffn/linear_0`, 4 * state, state),
    ...linear(`${name}/ffn/linear_1`, state, 4 * state),
    ...norm(`${name}/ffn/layer_norm`),
  ]
  const variables = [
    variable('encoder/conv1/weight', [state, 80, 3], () => 3),
    variable('encoder/conv1/bias', [state], () => 4),
    variable('encoder/conv2/weight', [state, state, 3], () => 5),
    variable('encoder/conv2/bias', [state], () => 6),
    variable('encoder/position_encodings/encodings', [1500, state], () => 7),
    ...layer('encoder/layer_0'),
    ...norm('encoder/layer_norm'),
    variable('decoder/embeddings/weight', [vocabulary, state], () => 8),
    variable('decoder/position_encodings/encodings', [448, state], () => 9),
    ...layer('decoder/layer_0'),
    ...linear('decoder/layer_0/attention/linear_0', state, state),
    // 21 for key rows, 22 for value rows.
    ...linear('decoder/layer_0/attention/linear_1', 2 * state, state, row => 21 + Math.floor(row / state)),
    ...linear('decoder/layer_0/attention/linear_2', state, state),
    ...norm('decoder/layer_0/attention/layer_norm'),
    ...norm('decoder/layer_norm'),
  ]
  return Buffer.concat([u32(6), string('WhisperSpec'), u32(3), u32(variables.length), ...variables, u32(0)])
}

type Read = {
  header: number[]
  tokens: Buffer[]
  tensors: Map<string, { dims: number[]; type: number; first: number }>
}

/** Reads a ggml file the way `whisper_model_load` does. */
function readGgml(bytes: Buffer): Read {
  let position = 0
  const take = (length: number) => {
    position += length
    return bytes.subarray(position - length, position)
  }
  const i32 = () => take(4).readInt32LE()
  const header = Array.from({ length: 14 }, i32)
  position += (header[12] ?? 0) * (header[13] ?? 0) * 4
  const tokens = Array.from({ length: i32() }, () => take(i32()))
  const tensors: Read['tensors'] = new Map()
  while (position < bytes.length) {
    const [dimCount = 0, nameLength = 0, type = 0] = [i32(), i32(), i32()]
    const dims = Array.from({ length: dimCount }, i32)
    const name = take(nameLength).toString()
    const view = new DataView(bytes.buffer, bytes.byteOffset + position)
    tensors.set(name, { dims, type, first: type === 1 ? view.getFloat16(0, true) : view.getFloat32(0, true) })
    position += dims.reduce((product, dim) => product * dim, 1) * (type === 1 ? 2 : 4)
  }
  expect(position).toBe(bytes.length)
  return { header, tokens, tensors }
}

describe('CTranslate2 Whisper weights turned into a ggml file', () => {
  let directory: string
  let modelPath: string
  let tokenizerPath: string
  let outputPath: string
  let ggml: Read

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ct2-'))
    modelPath = join(directory, 'model.bin')
    tokenizerPath = join(directory, 'tokenizer.json')
    outputPath = join(directory, 'out.ggml')
    writeFileSync(modelPath, smallCt2())
    // In no order, as JSON objects may be; the ids count.
    const vocab = Object.fromEntries(
      Array.from({ length: 50_257 }, (_, id) => [`t${50_256 - id}`, 50_256 - id]),
    )
    writeFileSync(tokenizerPath, JSON.stringify({ version: '1.0', model: { type: 'BPE', vocab } }))
    convertWhisper({ modelPath, tokenizerPath, outputPath })
    ggml = readGgml(readFileSync(outputPath))
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('has the sizes of the model in its header', () => {
    expect(ggml.header).toEqual([0x67676d6c, vocabulary, 1500, state, 1, 1, 448, state, 1, 1, 80, 1, 80, 201])
  })

  it('has the tokens in the order of their ids', () => {
    expect(ggml.tokens).toHaveLength(50_257)
    expect(ggml.tokens[7]?.toString()).toBe('t7')
  })

  it('has query, key and value cut apart, the keys without bias', () => {
    expect(ggml.tensors.get('encoder.blocks.0.attn.query.weight')).toEqual({
      dims: [64, 64],
      type: 1,
      first: 10,
    })
    expect(ggml.tensors.get('encoder.blocks.0.attn.key.weight')).toEqual({
      dims: [64, 64],
      type: 1,
      first: 11,
    })
    expect(ggml.tensors.get('encoder.blocks.0.attn.value.weight')).toEqual({
      dims: [64, 64],
      type: 1,
      first: 12,
    })
    expect(ggml.tensors.get('decoder.blocks.0.attn.value.bias')).toEqual({ dims: [64], type: 0, first: 12 })
    expect(ggml.tensors.get('decoder.blocks.0.cross_attn.key.weight')?.first).toBe(21)
    expect(ggml.tensors.get('decoder.blocks.0.cross_attn.value.bias')?.first).toBe(22)
    expect([...ggml.tensors.keys()].filter(name => name.endsWith('key.bias'))).toEqual([])
  })

  it('keeps biases, norms and positions in float32 and dimensions reversed, conv biases as a column', () => {
    expect(ggml.tensors.get('encoder.conv1.weight')).toEqual({ dims: [3, 80, 64], type: 1, first: 3 })
    expect(ggml.tensors.get('encoder.conv1.bias')).toEqual({ dims: [1, 64], type: 0, first: 4 })
    expect(ggml.tensors.get('encoder.positional_embedding')).toEqual({ dims: [64, 1500], type: 0, first: 7 })
    expect(ggml.tensors.get('decoder.token_embedding.weight')).toEqual({
      dims: [64, 51_864],
      type: 1,
      first: 8,
    })
    expect(ggml.tensors.get('decoder.ln.bias')).toEqual({ dims: [64], type: 0, first: 2 })
  })

  it('has as many tensors as whisper.cpp expects of a model of this size', () => {
    // 11 outside the layers, 15 in a layer of the encoder, 24 in one of the decoder (`whisper_model_load`).
    expect(ggml.tensors.size).toBe(11 + 15 + 24)
  })

  it('is the same in a worker, byte for byte', async () => {
    const again = join(directory, 'again.ggml')
    await runConversion(
      { kind: 'ct2-to-ggml', modelPath, tokenizerPath, outputPath: again },
      AbortSignal.timeout(20_000),
    )
    expect(readFileSync(again).equals(readFileSync(outputPath))).toBe(true)
  })

  it('stops when it is aborted', async () => {
    const job = {
      kind: 'ct2-to-ggml',
      modelPath,
      tokenizerPath,
      outputPath: join(directory, 'never'),
    } as const
    const abort = new AbortController()
    const conversion = runConversion(job, abort.signal)
    abort.abort()
    await expect(conversion).rejects.toThrow(/abort/i)
  })

  it('is refused where the weights are cut off, of another version, or no Whisper', () => {
    const broken = join(directory, 'broken.bin')
    const convert = () =>
      convertWhisper({ modelPath: broken, tokenizerPath, outputPath: join(directory, 'unused') })
    const whole = smallCt2()
    writeFileSync(broken, whole.subarray(0, whole.length / 2))
    expect(convert).toThrow(/cut off/)
    writeFileSync(broken, Buffer.concat([u32(7), whole.subarray(4)]))
    expect(convert).toThrow(/version 7, not 6/)
    writeFileSync(broken, Buffer.concat([u32(6), string('TransformerSpec'), u32(3), u32(0), u32(0)]))
    expect(convert).toThrow(/not a Whisper model/)
  })
})
