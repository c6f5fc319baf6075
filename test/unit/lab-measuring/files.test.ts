import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { typesOf } from '../../../server/lab/measuring/tensorTypes.ts'
import { bitsPerWeightOf } from '../../../server/lab/measuring/whisperFile.ts'

const ints = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer)

/** The head of a ggml whisper file with 2 × 3 filters, 2 tokens, and these tensors. */
function whisperFile(tensors: { type: number; shape: number[]; bytes: number }[]): Buffer {
  const head = [
    ints(0x67676d6c, ...Array(11).fill(1)),
    ints(2, 3),
    Buffer.alloc(24),
    ints(2, 1),
    Buffer.from('a'),
    ints(2),
    Buffer.from('bc'),
  ]
  const bodies = tensors.flatMap(({ type, shape, bytes }) => [
    ints(shape.length, 4, type, ...shape),
    Buffer.from('name'),
    Buffer.alloc(bytes),
  ])
  return Buffer.concat([...head, ...bodies])
}

async function written(bytes: Buffer): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'quantvox-ggml-')), 'model.bin')
  await writeFile(path, bytes)
  return path
}

test('bits of a weight are those of the tensors, each by its own type', async () => {
  const file = whisperFile([
    { type: 0, shape: [32], bytes: 128 },
    // q8_0: 34 bytes for 32 weights.
    { type: 8, shape: [32, 3], bytes: 102 },
  ])
  expect(await bitsPerWeightOf(await written(file))).toBeCloseTo(((128 + 102) * 8) / 128, 9)
})

test.each([
  ['no model', Buffer.from('RIFF....WAVE')],
  ['a file that was cut', whisperFile([{ type: 1, shape: [8], bytes: 16 }]).subarray(0, 90)],
  ['a type that is not known', whisperFile([{ type: 99, shape: [8], bytes: 16 }])],
])('%s has none', async (_what, bytes) => {
  expect(await bitsPerWeightOf(await written(bytes))).toBeNull()
})

test('bits of a weight of a tag, by what Ollama says of its tensors', () => {
  const { tensorTypes, bitsPerWeight } = typesOf([
    { name: 'a', type: 'Q4_K', shape: [256, 2] },
    { name: 'b', type: 'Q4_K', shape: [256] },
    { name: 'c', type: 'F32', shape: [256] },
  ])
  expect(tensorTypes).toEqual([
    { type: 'Q4_K', tensors: 2, weights: 768 },
    { type: 'F32', tensors: 1, weights: 256 },
  ])
  expect(bitsPerWeight).toBe((768 * 4.5 + 256 * 32) / 1024)
  expect(typesOf([{ name: 'a', type: 'Q9_X', shape: [8] }]).bitsPerWeight).toBeNull()
})
