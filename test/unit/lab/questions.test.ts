import { describe, expect, test } from 'vitest'
import type { Check } from '../../../server/lab/input.ts'
import { checkAnswer } from '../../../server/lab/questions/checkAnswer.ts'
import { questions } from '../../../server/lab/questions/questions.ts'

describe('checks', () => {
  const twelve: Check = { kind: 'number', value: 12, besides: [1, 7, 5] }
  const seven: Check = { kind: 'number', value: 7, besides: [1] }
  const paris: Check = { kind: 'anyOf', phrases: ['Paris', 'the French capital'] }
  const water: Check = { kind: 'allOf', phrases: ['hydrogen', 'oxygen'] }
  const bigger: Check = { kind: 'first', right: ['elephant'], options: ['elephant', 'mouse'] }
  const cases: [Check, string, boolean][] = [
    [twelve, 'Seven + Five = 12.', true],
    [twelve, 'Seven plus five is twelve, of course.', true],
    [twelve, '7 and 5 make 13, not 12.', false],
    [twelve, 'Twelve hundred.', false],
    [twelve, 'It is $12.', true],
    [twelve, '1 dozen', false],
    [twelve, 'A lot.', false],
    [seven, 'There are seven days in one week.', true],
    [seven, 'One week has 7 days, 168 hours.', true],
    [seven, '70', false],
    [paris, "It's PARIS!", true],
    [paris, 'the french capital', true],
    [paris, 'The Parisian city', false],
    [paris, '', false],
    [water, 'Two parts of hydrogen, one of oxygen', true],
    [water, 'Oxygen', false],
    [bigger, 'An elephant is bigger than a mouse.', true],
    [bigger, 'The mouse, not the elephant.', false],
    [bigger, 'Both.', false],
  ]
  test.each(cases)('%j of %j: %s', (check, answer, right) => {
    expect(checkAnswer(check, answer)).toBe(right)
  })
})

test('40 questions, at least 25 of them checked, every one once', () => {
  expect(questions).toHaveLength(40)
  expect(questions.filter(({ check }) => check !== null).length).toBeGreaterThanOrEqual(25)
  expect(new Set(questions.map(({ id }) => id)).size).toBe(40)
  expect(new Set(questions.map(({ text }) => text)).size).toBe(40)
})

test('no question gives its own answer away', () => {
  for (const { id, text, check } of questions) {
    if (check !== null) expect(checkAnswer(check, text), id).toBe(false)
  }
})
