import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalizedWords, wordEdits, wordErrorRate } from '../../../scripts/bench/wordErrorRate.ts'

test('case, punctuation, hyphens and kinds of apostrophe make no difference', () => {
  expect(normalizedWords(' What’s the well-known “weather” LIKE?\n')).toEqual(
    normalizedWords("what's the well known weather like"),
  )
})

describe('edits', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['a b c', 'a b c', 0],
    ['a b c', 'a x c', 1],
    ['a b c', 'a c', 1],
    ['a b c', 'a b b c', 1],
    ['a b c', '', 3],
    ['', 'a b', 2],
    ['a b c d', 'b c d e', 2],
  ]
  test.each(cases)('from "%s" to "%s": %i', (reference, hypothesis, edits) => {
    expect(wordEdits(normalizedWords(reference), normalizedWords(hypothesis))).toBe(edits)
  })

  test('are a distance: symmetric, and no longer by way of a third text', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
    fc.assert(
      fc.property(words, words, words, (x, y, z) => {
        expect(wordEdits(x, y)).toBe(wordEdits(y, x))
        expect(wordEdits(x, z)).toBeLessThanOrEqual(wordEdits(x, y) + wordEdits(y, z))
      }),
    )
  })
})

test('the rate weighs each word the same, not each clip', () => {
  const pairs = [
    {
      reference: 'one two three four five six seven eight nine',
      hypothesis: 'one two three four five six seven eight nine',
    },
    { reference: 'ten', hypothesis: 'then' },
  ]
  expect(wordErrorRate(pairs)).toBeCloseTo(10)
})
