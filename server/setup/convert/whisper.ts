/// <reference lib="esnext.float16" />
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { melFilters } from '../../audio/melFilters.ts'
import { type Ct2Model, openCt2 } from './ct2.ts'
import { readTokens } from './tokens.ts'
import { layerCount, type WhisperTensor, whisperTensors } from './whisperTensors.ts'

/** `HEAD_SIZE` and `CONTEXT_TOKENS` are the same in every Whisper; the sizes of a model are read from its tensors. */
const HEAD_SIZE = 64
const CONTEXT_TOKENS = 448
const FFT_BINS = 201
const GGML_MAGIC = 0x67676d6c
const ggmlType = { f32: 0, f16: 1 } as const
/**
 * Tokens that the published ggml files carry, of both kinds: English-only ones end with `<|endoftext|>`. whisper.cpp
 * makes up the names of the rest.
 */
const TEXT_TOKENS = 50_257

export type WhisperConversion = {
  /** CTranslate2 `model.bin`, float16. */
  modelPath: string
  /** Its `tokenizer.json`. */
  tokenizerPath: string
  /** The ggml file to write; overwritten. */
  outputPath: string
}

/**
 * CTranslate2 float16 Whisper weights as a whisper.cpp ggml file (f16). Deterministic: the same input gives the same
 * bytes. Reads and writes synchronously, a tensor at a time: run it in a process of its own.
 */
export function convertWhisper({ modelPath, tokenizerPath, outputPath }: WhisperConversion): void {
  const model = openCt2(modelPath)
  try {
    const output = openSync(outputPath, 'w')
    try {
      writeFileSync(output, header(model, tokenizerPath))
      for (const tensor of whisperTensors(model)) writeFileSync(output, tensorRecord(tensor))
    } finally {
      closeSync(output)
    }
  } finally {
    model.close()
  }
}

/** Magic, hyper-parameters, mel filters and tokens, in the order in which `whisper_model_load` reads them. */
function header(model: Ct2Model, tokenizerPath: string): Buffer {
  const dims = (name: string) => model.variables.get(name)?.dims ?? []
  const [vocabularySize = 0] = dims('decoder/embeddings/weight')
  const [audioContext = 0, audioState = 0] = dims('encoder/position_encodings/encodings')
  const [textContext = CONTEXT_TOKENS, textState = 0] = dims('decoder/position_encodings/encodings')
  const [, melBands = 0] = dims('encoder/conv1/weight')
  if (vocabularySize === 0 || audioState === 0 || textState === 0 || melBands === 0) {
    throw new Error('the model.bin is not a Whisper model')
  }
  const filters = melFilters(melBands)
  const tokens = readTokens(tokenizerPath, TEXT_TOKENS)
  return Buffer.concat([
    int32s(
      GGML_MAGIC,
      vocabularySize,
      audioContext,
      audioState,
      audioState / HEAD_SIZE,
      layerCount(model, 'encoder'),
      textContext,
      textState,
      textState / HEAD_SIZE,
      layerCount(model, 'decoder'),
      melBands,
      ggmlType.f16,
      melBands,
      FFT_BINS,
    ),
    Buffer.from(filters.buffer),
    int32s(tokens.length),
    ...tokens.flatMap(token => [int32s(token.length), token]),
  ])
}

function tensorRecord({ name, dims, storedAs, data }: WhisperTensor): Buffer {
  const label = Buffer.from(name)
  return Buffer.concat([
    int32s(dims.length, label.length, ggmlType[storedAs], ...dims.toReversed()),
    label,
    storedAs === 'f16' ? data : widened(data),
  ])
}

/** Float16 bytes as float32 bytes; copied first because a typed array needs an aligned start. */
function widened(data: Buffer): Buffer {
  const halves = new Float16Array(new Uint8Array(data).buffer)
  return Buffer.from(Float32Array.from(halves).buffer)
}

function int32s(...values: number[]): Buffer {
  return Buffer.from(Int32Array.from(values).buffer)
}
