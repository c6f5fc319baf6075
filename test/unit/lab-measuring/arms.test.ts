import { describe, expect, test } from 'vitest'
import { llmArms, speechArms } from '../../../server/lab/measuring/arms.ts'
import type { LanguageModel, SpeechModel } from '../../../server/protocol/models.ts'

const level = (name: string, installed = true): SpeechModel => ({
  name,
  family: name.slice(0, name.lastIndexOf('-')),
  parameterSize: null,
  quantization: name.slice(name.lastIndexOf('-') + 1),
  sizeBytes: 1000,
  digest: null,
  installed,
  loaded: false,
  residentBytes: null,
  languages: 'english',
})
const levels = [
  ...['whisper-tiny.en-q4_0', 'whisper-tiny.en-f16', 'whisper-tiny.en-q8_0', 'whisper-base-f16'].map(name =>
    level(name),
  ),
  level('whisper-base-q4_0', false),
]
const tag = (name: string, quantization: string, sizeBytes: number): LanguageModel => ({
  name,
  quantization,
  sizeBytes,
  family: 'llama',
  parameterSize: null,
  digest: null,
  installed: true,
  loaded: false,
  contextTokens: null,
  residentBytes: null,
  gpuShare: null,
  remote: null,
})
const tags = [
  tag('smollm2:135m-instruct-q4_K_M', 'Q4_K_M', 105),
  tag('smollm2:135m-instruct-q4_1', 'Q4_1', 98),
  tag('smollm2:135m-instruct-fp16', 'F16', 271),
  tag('smollm2:360m-instruct-q8_0', 'Q8_0', 300),
  tag('llama3.2:latest', 'Q4_K_M', 2000),
]

describe('speech levels', () => {
  test('a family means its installed levels, best first; the best is the reference of the others', () => {
    const arms = speechArms(['whisper-tiny.en'], levels)
    expect(arms.map(({ name, reference }) => [name, reference])).toEqual([
      ['whisper-tiny.en-f16', null],
      ['whisper-tiny.en-q8_0', 'whisper-tiny.en-f16'],
      ['whisper-tiny.en-q4_0', 'whisper-tiny.en-f16'],
    ])
  })

  test('each family has a reference of its own, in the order of the names; nothing is there twice', () => {
    const arms = speechArms(['whisper-base-f16', 'whisper-tiny.en', 'whisper-tiny.en-q8_0'], levels)
    expect(arms.map(({ name }) => name)).toEqual([
      'whisper-base-f16',
      'whisper-tiny.en-f16',
      'whisper-tiny.en-q8_0',
      'whisper-tiny.en-q4_0',
    ])
    expect(arms[0]?.reference).toBeNull()
    expect(arms[3]?.reference).toBe('whisper-tiny.en-f16')
  })

  test('the best of what was chosen is the reference, whatever else is there', () => {
    const arms = speechArms(['whisper-tiny.en-q4_0', 'whisper-tiny.en-q8_0'], levels)
    expect(arms.map(({ reference }) => reference)).toEqual([null, 'whisper-tiny.en-q8_0'])
  })

  test('a level that is not installed is not fetched', () => {
    expect(() => speechArms(['whisper-base-q4_0'], levels)).toThrow(/"whisper-base-q4_0" is not installed/)
  })
})

describe('tags', () => {
  test('a name means every tag that begins with it, and never half a word', () => {
    const names = (name: string) => llmArms([name], tags, () => null).map(arm => arm.name)
    expect(names('smollm2:135m-instruct')).toEqual([
      'smollm2:135m-instruct-fp16',
      'smollm2:135m-instruct-q4_K_M',
      'smollm2:135m-instruct-q4_1',
    ])
    expect(names('smollm2')).toHaveLength(4)
    expect(names('llama3.2')).toEqual(['llama3.2:latest'])
    expect(() => names('smollm')).toThrow(/not installed/)
  })

  test('a tag says what its weights were made from, and families stay apart', () => {
    const arms = llmArms(['smollm2'], tags, name =>
      name.endsWith('fp16') ? 'smollm2:135m-instruct-q4_1' : null,
    )
    expect(arms.find(({ name }) => name.endsWith('fp16'))?.madeFrom).toBe('smollm2:135m-instruct-q4_1')
    expect(arms.find(({ name }) => name.includes('360m'))?.reference).toBeNull()
  })
})

test('a level that is finer than what its weights are published in says so, and the others need not', () => {
  const moonshine = ['f32', 'int8', 'q4'].map(quantization => ({
    ...level(`moonshine-base.en-${quantization}`),
    shipped: 'int8',
  }))
  expect(
    speechArms(['moonshine-base.en', 'whisper-tiny.en-f16'], [...moonshine, ...levels]).map(
      ({ name, reference, madeFrom }) => [name, reference, madeFrom],
    ),
  ).toEqual([
    ['moonshine-base.en-f32', null, 'int8'],
    ['moonshine-base.en-int8', 'moonshine-base.en-f32', null],
    ['moonshine-base.en-q4', 'moonshine-base.en-f32', null],
    ['whisper-tiny.en-f16', null, null],
  ])
})
