/// <reference lib="esnext.float16" />
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convertGgufToF16 } from '../../../server/setup/convert/gguf.ts'
import { runConversion } from '../../../server/setup/convert/run.ts'

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
const halves = (...values: number[]) => Buffer.from(Float16Array.from(values).buffer)

const norm = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)
const q4_1 = Buffer.concat([halves(0.5, -1), Buffer.alloc(16, 0x21)])
const q8_0 = Buffer.concat([halves(2), Buffer.alloc(32, 3)])

/** A GGUF with metadata of every kind and a tensor each of F32, Q4_1 and Q8_0. */
function smallGguf(): Buffer {
  const metadata = [
    Buffer.concat([text('general.architecture'), u32(8), text('llama')]),
    Buffer.concat([text('general.file_type'), u32(4), u32(3)]),
    Buffer.concat([text('some.flag'), u32(7), Buffer.from([1])]),
    Buffer.concat([
      text('some.numbers'),
      u32(9),
      u32(6),
      u64(2),
      Buffer.from(Float32Array.of(1.5, 2.5).buffer),
    ]),
    Buffer.concat([text('tokenizer.ggml.tokens'), u32(9), u32(8), u64(3), text('a'), text(''), text('ß')]),
  ]
  const tensors = [
    Buffer.concat([text('norm.weight'), u32(1), u64(4), u32(0), u64(0)]),
    Buffer.concat([text('blk.weight'), u32(2), u64(32), u64(1), u32(3), u64(32)]),
    Buffer.concat([text('embd.weight'), u32(1), u64(32), u32(8), u64(64)]),
  ]
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
    ...metadata,
    ...tensors,
  ])
  const padTo32 = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)])
  return Buffer.concat([padTo32(head), padTo32(norm), padTo32(q4_1), padTo32(q8_0)])
}

describe('a GGUF turned into F16', () => {
  let directory: string
  let inputPath: string
  let outputPath: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gguf-'))
    inputPath = join(directory, 'in.gguf')
    outputPath = join(directory, 'out.gguf')
    writeFileSync(inputPath, smallGguf())
    convertGgufToF16({ inputPath, outputPath })
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('is read by another reader with all of its metadata and F16 tensors', async () => {
    const { metadata, tensorInfos } = await gguf(outputPath, { allowLocalFile: true })
    expect(metadata).toMatchObject({
      'general.architecture': 'llama',
      'general.file_type': 1,
      'some.flag': true,
      'some.numbers': [1.5, 2.5],
      'tokenizer.ggml.tokens': ['a', '', 'ß'],
    })
    expect(tensorInfos.map(({ name, shape, dtype }) => ({ name, shape, dtype }))).toEqual([
      { name: 'norm.weight', shape: [4n], dtype: 0 },
      { name: 'blk.weight', shape: [32n, 1n], dtype: 1 },
      { name: 'embd.weight', shape: [32n], dtype: 1 },
    ])
  })

  it('holds the values of the blocks, and F32 tensors untouched, where its head says', async () => {
    const { tensorInfos, tensorDataOffset } = await gguf(outputPath, { allowLocalFile: true })
    const bytes = readFileSync(outputPath)
    const at = (index: number, length: number) => {
      const start = Number(tensorDataOffset) + Number(tensorInfos[index]?.offset)
      return bytes.subarray(start, start + length)
    }
    expect(at(0, 16)).toEqual(norm)
    expect(at(1, 64)).toEqual(halves(...Array(16).fill(-0.5), ...Array(16).fill(0)))
    expect(at(2, 64)).toEqual(halves(...Array(32).fill(6)))
  })

  it('is the same in a process of its own, byte for byte', async () => {
    const again = join(directory, 'again.gguf')
    await runConversion({ kind: 'gguf-to-f16', inputPath, outputPath: again }, AbortSignal.timeout(10_000))
    expect(readFileSync(again)).toEqual(readFileSync(outputPath))
  })

  it('is refused where the file is cut off, of another format, or has a tensor type that is not handled', async () => {
    const broken = join(directory, 'broken.gguf')
    const whole = smallGguf()
    const convert = () => convertGgufToF16({ inputPath: broken, outputPath: join(directory, 'unused') })
    writeFileSync(broken, whole.subarray(0, whole.length - 40))
    expect(convert).toThrow(/tensor embd.weight is cut off/)
    writeFileSync(broken, whole.subarray(0, 60))
    expect(convert).toThrow(/in the middle of its header/)
    writeFileSync(broken, 'not a model at all')
    expect(convert).toThrow(/not a GGUF file/)
    const strange = Buffer.from(whole)
    const typeAt = strange.indexOf('embd.weight') + 'embd.weight'.length + 4 + 8
    strange.writeUInt32LE(14, typeAt)
    writeFileSync(broken, strange)
    expect(convert).toThrow(/type 14, which is not handled/)
    await expect(
      runConversion(
        { kind: 'gguf-to-f16', inputPath: broken, outputPath: join(directory, 'unused') },
        AbortSignal.timeout(10_000),
      ),
    ).rejects.toThrow(/type 14/)
  })
})
