import { describe, expect, test } from 'vitest'
import { hasMarkdown } from '../../../client/conversation/hasMarkdown.ts'
import { factsOf } from '../../../client/timing/waterfall.ts'
import { makeTurn } from '../../support/record/records.ts'

describe('a reply', () => {
  test.each([
    '# A river',
    'Some:\n- one\n- two',
    '1. First',
    'It is **bold**.',
    'Call `run()`.',
    '```ts\nconst a = 1\n```',
    'See [this](https://example.org).',
    '| a | b |\n|---|---|',
    'That is _so_.',
  ])('%j is written in Markdown', text => {
    expect(hasMarkdown(text)).toBe(true)
  })

  test.each([
    'It is ten past nine. Good evening.',
    'Minus 3 - 2 = -5.',
    'snake_case is fine',
    '2 * 3 * 4',
    'No. 5 is alive',
  ])('%j is not', text => {
    expect(hasMarkdown(text)).toBe(false)
  })
})

describe('what a turn cost beside time', () => {
  const { record } = makeTurn(1)
  const llm = { ...record.llm, tokensPerSecond: 31.24, outputTokens: 64 }
  const memory = { ...record.memory, llmResidentBytes: 697e6, speechResidentBytes: 115e6 }

  test('is said in one line', () => {
    expect(factsOf({ ...record, llm, memory })).toBe(
      '31.2 tokens/s, 64 tokens; 812 MB of memory, answers 697 MB, speech 115 MB',
    )
  })

  test('is what is known of it', () => {
    const unknown = { ...record.llm, tokensPerSecond: null, outputTokens: null }
    const alone = { ...memory, speechResidentBytes: null }
    expect(factsOf({ ...record, llm: unknown, memory: alone })).toBe('memory of answers 697 MB')
    const none = { ...alone, llmResidentBytes: null }
    expect(factsOf({ ...record, llm: unknown, memory: none })).toBe('')
  })
})
