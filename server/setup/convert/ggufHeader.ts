import { readSync } from 'node:fs'

/**
 * The head of a GGUF file, version 2 or 3, little-endian (ggml's `docs/gguf.md`). Metadata is kept as the bytes it
 * came as, so that a file written from it loses nothing; only `general.file_type` and `general.alignment` are read.
 */

export type GgufTensor = {
  name: string
  /** As stored: the fastest dimension first. */
  dims: bigint[]
  type: number
  /** From the start of the data section. */
  offset: bigint
}

export type GgufHeader = {
  version: number
  metadataCount: bigint
  metadata: Buffer
  /** Where in `metadata` the u32 value of `general.file_type` stands; null where the file has none. */
  fileTypeAt: number | null
  tensors: GgufTensor[]
  alignment: number
  /** Where in the file the data section starts. */
  dataStart: number
}

const HEADER_LIMIT_BYTES = 64 * 1024 * 1024
const valueType = { uint32: 4, string: 8, array: 9 } as const
/** Bytes of a value by its type number; strings and arrays, null, say their own length. */
const fixedSizes = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8]

/** Reads the head of an open file of `size` bytes. Throws an `Error` that says what is wrong with it. */
export function readGgufHeader(file: number, size: number): GgufHeader {
  const head = Buffer.alloc(Math.min(size, HEADER_LIMIT_BYTES))
  readSync(file, head, 0, head.length, 0)
  let position = 0
  const advance = (length: number) => {
    const start = position
    if (start + length > head.length) throw new Error('the GGUF file ends in the middle of its header')
    position += length
    return start
  }
  const takeU32 = () => head.readUInt32LE(advance(4))
  const takeU64 = () => head.readBigUInt64LE(advance(8))
  const takeString = () => {
    const length = Number(takeU64())
    const start = advance(length)
    return head.toString('utf8', start, start + length)
  }
  const skipValue = (type: number) => {
    const fixed = fixedSizes[type]
    if (fixed) advance(fixed)
    else if (type === valueType.string) takeString()
    else if (type === valueType.array) {
      const elementType = takeU32()
      const length = Number(takeU64())
      const elementSize = fixedSizes[elementType]
      if (elementSize) advance(elementSize * length)
      else for (let index = 0; index < length; index++) skipValue(elementType)
    } else throw new Error(`the GGUF file has metadata of the unknown type ${type}`)
  }

  advance(4)
  if (head.toString('latin1', 0, 4) !== 'GGUF') throw new Error('the file is not a GGUF file')
  const version = takeU32()
  if (version !== 2 && version !== 3) throw new Error(`the GGUF file has version ${version}, not 2 or 3`)
  const tensorCount = Number(takeU64())
  const metadataCount = takeU64()
  const metadataStart = position
  let fileTypeAt: number | null = null
  let alignment = 32
  for (let left = metadataCount; left > 0n; left--) {
    const key = takeString()
    const type = takeU32()
    if (key === 'general.file_type' && type === valueType.uint32) fileTypeAt = position - metadataStart
    if (key === 'general.alignment' && type === valueType.uint32) alignment = head.readUInt32LE(position)
    skipValue(type)
  }
  const metadata = head.subarray(metadataStart, position)
  const tensors = Array.from({ length: tensorCount }, (): GgufTensor => {
    const name = takeString()
    const dims = Array.from({ length: takeU32() }, takeU64)
    return { name, dims, type: takeU32(), offset: takeU64() }
  })
  const dataStart = Math.ceil(position / alignment) * alignment
  return { version, metadataCount, metadata, fileTypeAt, tensors, alignment, dataStart }
}

/** The head as bytes, padded so that the data section may follow. */
export function encodeGgufHeader(header: GgufHeader): Buffer {
  const string = (text: string) => {
    const bytes = Buffer.from(text)
    return Buffer.concat([u64(BigInt(bytes.length)), bytes])
  }
  const unpadded = Buffer.concat([
    Buffer.from('GGUF'),
    u32(header.version),
    u64(BigInt(header.tensors.length)),
    u64(header.metadataCount),
    header.metadata,
    ...header.tensors.flatMap(({ name, dims, type, offset }) => [
      string(name),
      u32(dims.length),
      ...dims.map(u64),
      u32(type),
      u64(offset),
    ]),
  ])
  const padding = (header.alignment - (unpadded.length % header.alignment)) % header.alignment
  return Buffer.concat([unpadded, Buffer.alloc(padding)])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}
