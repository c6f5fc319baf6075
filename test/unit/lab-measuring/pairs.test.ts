import { expect, test } from 'vitest'
import { armsOf } from '../../../server/lab/measuring/pairs.ts'

const reference = { speech: 'f16', llm: 'fp16' }
const names = (speech: string[], llm: string[]) =>
  armsOf({ speech, llm, voices: [] }, reference).map(
    arm => `${arm.speech}+${arm.llm}${arm.noise ? ' again' : ''}`,
  )

test('the references come first and once more, then each level and tag before any comes twice', () => {
  expect(names(['q5_0', 'q4_0'], ['fp16', 'q8_0', 'q4_K_M'])).toEqual([
    'f16+fp16',
    'f16+fp16 again',
    'q5_0+fp16',
    'f16+q8_0',
    'q4_0+q8_0',
    'f16+q4_K_M',
    'q4_0+q4_K_M',
  ])
})

test('nothing comes twice, and there are at most five beside the references', () => {
  const all = names(['f16', 'q8_0', 'q5_1', 'q4_0'], ['fp16', 'q8_0', 'q4_K_M', 'q4_K_S'])
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeLessThanOrEqual(7)
  for (const name of all) {
    const [, tag] = name.split('+')
    if (!name.includes('again')) expect(all).toContain(`f16+${tag}`)
  }
  expect(names(['f16'], ['fp16'])).toEqual(['f16+fp16', 'f16+fp16 again'])
})

test('voices are a third side: each comes before any comes twice, and nothing is left out for it', () => {
  const triples = armsOf(
    { speech: ['q5_0'], llm: ['fp16'], voices: ['flite:slt', 'hibari:heart'] },
    { ...reference, voice: 'hibari:heart' },
  ).map(({ speech, llm, voice, noise }) => `${speech}+${llm}+${voice}${noise ? ' again' : ''}`)
  expect(triples).toEqual([
    'f16+fp16+hibari:heart',
    'f16+fp16+hibari:heart again',
    'q5_0+fp16+flite:slt',
    'q5_0+fp16+hibari:heart',
  ])
})
