/// <reference lib="esnext.float16" />
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs'
import { dequantizeQ4_1, dequantizeQ8_0, ggmlTensorType } from './dequantize.ts'
import { encodeGgufHeader, type GgufHeader, type GgufTensor, readGgufHeader } from './ggufHeader.ts'

/** `LLAMA_FTYPE_MOSTLY_F16` of llama.cpp's `llama.h`. */
const FILE_TYPE_MOSTLY_F16 = 1

type Format = { bytesPerBlock: number; blockLength: number; widen: ((blocks: Buffer) => Float16Array) | null }

const formats = new Map<number, Format>([
  [ggmlTensorType.f32, { bytesPerBlock: 4, blockLength: 1, widen: null }],
  [ggmlTensorType.f16, { bytesPerBlock: 2, blockLength: 1, widen: null }],
  [ggmlTensorType.q4_1, { bytesPerBlock: 20, blockLength: 32, widen: dequantizeQ4_1 }],
  [ggmlTensorType.q8_0, { bytesPerBlock: 34, blockLength: 32, widen: dequantizeQ8_0 }],
])

export type GgufConversion = { inputPath: string; outputPath: string }

/**
 * A GGUF whose tensors are Q4_1, Q8_0, F16 or F32 as one whose quantized tensors are F16; F32 tensors stay. What
 * quantization lost is not won back: the result is as good as the input, but other levels can be made from it.
 * Deterministic. Reads and writes synchronously, a tensor at a time: run it in a process of its own.
 */
export function convertGgufToF16({ inputPath, outputPath }: GgufConversion): void {
  const input = openSync(inputPath, 'r')
  try {
    const output = openSync(outputPath, 'w')
    try {
      writeF16(input, output)
    } finally {
      closeSync(output)
    }
  } finally {
    closeSync(input)
  }
}

function writeF16(input: number, output: number): void {
  const size = fstatSync(input).size
  const header = readGgufHeader(input, size)
  writeFileSync(output, encodeGgufHeader(f16Header(header)))
  for (const tensor of header.tensors) {
    const { bytes, widen } = layout(tensor)
    const start = header.dataStart + Number(tensor.offset)
    if (start + bytes > size) throw new Error(`the data of tensor ${tensor.name} is cut off`)
    const stored = Buffer.alloc(bytes)
    readSync(input, stored, 0, bytes, start)
    const data = widen === null ? stored : Buffer.from(widen(stored).buffer)
    writeFileSync(output, data)
    writeFileSync(output, Buffer.alloc(padded(data.length, header.alignment) - data.length))
  }
}

/** The same head with the types and offsets that the F16 file has. */
function f16Header(header: GgufHeader): GgufHeader {
  const metadata = Buffer.from(header.metadata)
  if (header.fileTypeAt !== null) metadata.writeUInt32LE(FILE_TYPE_MOSTLY_F16, header.fileTypeAt)
  let offset = 0
  const tensors = header.tensors.map(tensor => {
    const { widen, bytes, elements } = layout(tensor)
    const written = {
      ...tensor,
      type: widen === null ? tensor.type : ggmlTensorType.f16,
      offset: BigInt(offset),
    }
    offset += padded(widen === null ? bytes : elements * 2, header.alignment)
    return written
  })
  return { ...header, metadata, tensors }
}

function layout(tensor: GgufTensor): { bytes: number; elements: number; widen: Format['widen'] } {
  const format = formats.get(tensor.type)
  if (format === undefined)
    throw new Error(`tensor ${tensor.name} has the type ${tensor.type}, which is not handled`)
  const elements = Number(tensor.dims.reduce((product, dim) => product * dim, 1n))
  if (elements % format.blockLength !== 0)
    throw new Error(`tensor ${tensor.name} is not made of whole blocks`)
  return { bytes: (elements / format.blockLength) * format.bytesPerBlock, elements, widen: format.widen }
}

function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment
}
