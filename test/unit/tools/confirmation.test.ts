import { expect, test } from 'vitest'
import { createConfirmations, isYes, questionFor } from '../../../server/tools/confirmation.ts'

const call = { name: 'HassTurnOn', arguments: { name: 'kitchen lamp', brightness_pct: 40 } }

test('the question says the very arguments', () => {
  expect(questionFor(call)).toBe('Shall I hass turn on with name kitchen lamp, brightness pct 40?')
  expect(questionFor({ name: 'lock_all', arguments: {} })).toBe('Shall I lock all?')
  const long = questionFor({ name: 'send', arguments: { text: 'x'.repeat(500) } })
  expect(long).toMatch(/ and more\?$/)
  expect(long.length).toBeLessThan(250)
})

test('a yes is to one call, of the same conversation, once, and not for ever', () => {
  let now = 0
  const confirmations = createConfirmations(() => now)
  confirmations.ask('a', 't', call)
  expect(confirmations.take('b', 'u')).toBeNull()
  expect([confirmations.take('a', 'u'), confirmations.take('a', 'u')]).toEqual([call, null])
  confirmations.ask('a', 't', call)
  const other = { name: 'lock', arguments: {} }
  confirmations.ask('a', 't', other)
  expect(confirmations.take('a', 'u')).toBe(other)
  confirmations.ask('a', 't', call)
  expect(confirmations.take('a', 't')).toBeNull()
  confirmations.ask('a', 't', call)
  now = 61_000
  expect(confirmations.take('a', 'u')).toBeNull()
})

test.each([
  'Yes.',
  'yeah',
  'Yes, please.',
  'Okay, do it.',
  'Um, sure!',
  'Go ahead.',
  'Yes, turn it on.',
  'Ja.',
  'Sí.',
])('%j is a yes', text => expect(isYes(text)).toBe(true))

test.each([
  'No.',
  'Yes, but not the kitchen.',
  "Yes... no, don't.",
  'Wait, yes?',
  'What is the capital of France?',
  'Yesterday was fine.',
  'Yes well I was thinking about it and maybe we could talk about the weather first',
  'Not sure.',
  'OK, turn on the lamp',
  'Okay, hold on.',
  'OK, forget it.',
  'Yeah, nope.',
  'Yes, but the bedroom lamp instead.',
  'All right, what time is it?',
  'Do it tomorrow.',
  '',
])('%j is none', text => expect(isYes(text)).toBe(false))
