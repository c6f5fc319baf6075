import { describe, expect, test } from 'vitest'
import { createReadPrompts } from '../../../server/llm/readPrompts.ts'
import type { ChatMessage } from '../../../server/llm/respond.ts'

const says = (role: 'system' | 'user' | 'assistant', content: string): ChatMessage => ({ role, content })
const system = says('system', 'x'.repeat(300))
const question = says('user', 'What is the time?')
const answer = says('assistant', 'Ten past nine.')
const next = says('user', 'And now?')
/** 3 bytes a token, 8 for what is around a message. */
const ofNext = 8 + 8 / 3

describe('what a model has read already', () => {
  test('is nothing of one that was never asked', () => {
    expect(createReadPrompts().unreadTokens('m', [system])).toBe(108)
  })

  test('is the last prompt with its reply', () => {
    const prompts = createReadPrompts()
    prompts.asked('m', [system, question])
    prompts.read('m', [system, question], ' Ten past nine. ')
    expect(prompts.unreadTokens('m', [system, question, answer, next])).toBeCloseTo(ofNext)
    expect(prompts.unreadTokens('m', [system, question])).toBe(0)
    expect(prompts.unreadTokens('other', [system, question])).toBeGreaterThan(100)
  })

  test('ends where a reply was heard in part only, or has thoughts in it', () => {
    const prompts = createReadPrompts()
    prompts.read('m', [system, question], 'Ten past nine. Or so.')
    expect(prompts.unreadTokens('m', [system, question, answer, next])).toBeCloseTo(ofNext + 8 + 14 / 3)
    prompts.read('m', [system, question], null)
    expect(prompts.unreadTokens('m', [system, question, answer, next])).toBeCloseTo(ofNext + 8 + 14 / 3)
  })

  test('is the beginning that conversations have in common, once another was asked', () => {
    const prompts = createReadPrompts()
    prompts.read('m', [system, question], answer.content)
    prompts.read('m', [system, says('user', 'Who are you?')], 'Me.')
    expect(prompts.unreadTokens('m', [system, next])).toBeCloseTo(ofNext)
    expect(prompts.unreadTokens('m', [system, question, answer, next])).toBeGreaterThan(ofNext + 20)
  })

  test('of a prompt that it never answered is no more than it had of it', () => {
    const prompts = createReadPrompts()
    prompts.read('m', [system, question], answer.content)
    prompts.asked('m', [system, next])
    expect(prompts.unreadTokens('m', [system, next])).toBeCloseTo(ofNext)
    expect(prompts.unreadTokens('m', [system])).toBe(0)
  })

  test('counts bytes, so that scripts with more of them in a letter are not taken for short', () => {
    expect(createReadPrompts().unreadTokens('m', [says('user', '\u6642'.repeat(30))])).toBe(38)
  })
})
