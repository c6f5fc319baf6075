import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildPrompt, type ChatMessage, type Turn } from '../../../server/conversation/prompt.ts'
import { defaultSystemPrompt } from '../../../server/conversation/systemPrompt.ts'
import { QuantvoxError } from '../../../server/errors.ts'

/** One token a character, so that the sums can be done by eye. */
const byCharacter = (messages: readonly ChatMessage[]) =>
  messages.reduce((sum, message) => sum + message.content.length, 0)

const prompt = (history: readonly Turn[], userText: string, contextTokens = 1000, reserveTokens = 0) =>
  buildPrompt({
    systemPrompt: 'sys',
    history,
    userText,
    contextTokens,
    reserveTokens,
    estimateTokens: byCharacter,
  })

const turn = (user: string, heard: string): Turn => ({ user, heard })

describe('the prompt', () => {
  test('is system prompt, history and what the user says now', () => {
    expect(prompt([turn('a', 'b')], 'c').messages).toEqual([
      { role: 'system', content: 'sys' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ])
  })
  test('has no system message if the system prompt is empty', () => {
    const options = { systemPrompt: '', history: [], userText: 'c', contextTokens: 9, reserveTokens: 0 }
    expect(buildPrompt({ ...options, estimateTokens: byCharacter }).messages).toEqual([
      { role: 'user', content: 'c' },
    ])
  })
  test('joins what was said without hearing an answer to what was said next', () => {
    const history = [turn('a', 'b'), turn('tell me', ''), turn('of cats', ''), turn('no, dogs', 'Dogs')]
    expect(prompt(history, 'go on').messages.slice(3)).toEqual([
      { role: 'user', content: 'tell me\nof cats\nno, dogs' },
      { role: 'assistant', content: 'Dogs' },
      { role: 'user', content: 'go on' },
    ])
    expect(prompt(history.slice(0, 2), 'hello?').messages.at(-1)).toEqual({
      role: 'user',
      content: 'tell me\nhello?',
    })
  })
  test('begins with the messages of the prompt before it', () => {
    const history: Turn[] = []
    let before: ChatMessage[] = []
    for (const said of ['one', 'two', 'three']) {
      const { messages } = prompt(history, said)
      expect(messages.slice(0, before.length)).toEqual(before)
      before = messages
      history.push(turn(said, `answer to ${said}`))
    }
  })
})

describe('a full context window', () => {
  const tenEach = Array.from({ length: 9 }, () => turn('12345', '67890'))

  test('nothing is dropped while everything fits', () => {
    expect(prompt(tenEach, '1234567', 100)).toMatchObject({ droppedTurns: 0, estimatedTokens: 100 })
  })
  test('one token more and the oldest turns go, down to 70 %', () => {
    const cut = prompt(tenEach, '12345678', 100)
    expect(cut).toMatchObject({ droppedTurns: 4, estimatedTokens: 61 })
    expect(cut.messages[0]).toEqual({ role: 'system', content: 'sys' })
    expect(cut.messages[1]).toEqual({ role: 'user', content: '12345' })
  })
  test('after a cut there is room for several turns before the next', () => {
    const kept = tenEach.slice(prompt(tenEach, '12345678', 100).droppedTurns)
    expect(prompt([...kept, turn('12345', '67890')], '12345678', 100).droppedTurns).toBe(0)
  })
  test('room is kept for the reply', () => {
    expect(prompt(tenEach, '1234567', 100, 1).droppedTurns).toBeGreaterThan(0)
    expect(prompt(tenEach, '1234567', 101, 1).droppedTurns).toBe(0)
  })
  test('a text between 70 and 100 % is asked without any history', () => {
    expect(prompt(tenEach, 'x'.repeat(90), 100)).toMatchObject({ droppedTurns: 9, estimatedTokens: 93 })
  })
  test('a text that does not fit alone is an error that says how to mend it', () => {
    expect(() => prompt(tenEach, 'x'.repeat(98), 100)).toThrow(QuantvoxError)
    expect(() => prompt([], 'x'.repeat(98), 100)).toThrow(
      expect.objectContaining({ code: 'context_exceeded', mend: expect.stringContaining('NUM_CTX') }),
    )
  })
  test('whatever the history, the prompt fits, and keeps its beginning and its newest turns', () => {
    const turns = fc.array(fc.record({ user: fc.string({ minLength: 1 }), heard: fc.string() }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(turns, fc.string({ minLength: 1, maxLength: 50 }), (history, userText) => {
        const { messages, droppedTurns, estimatedTokens } = prompt(history, userText, 100)
        expect(estimatedTokens).toBe(byCharacter(messages))
        expect(estimatedTokens).toBeLessThanOrEqual(100)
        expect(messages).toEqual(prompt(history.slice(droppedTurns), userText, 100).messages)
        expect(messages[0]).toEqual({ role: 'system', content: 'sys' })
        expect(messages.at(-1)?.content.endsWith(userText)).toBe(true)
      }),
    )
  })
})

test('the default system prompt is made for being spoken and has nothing in it that changes', () => {
  expect(defaultSystemPrompt).toMatch(/spoken aloud/)
  expect(defaultSystemPrompt).not.toMatch(/[*#`\n\d]/)
})
