import fc from 'fast-check'
import { distance } from 'fastest-levenshtein'
import { describe, expect, test } from 'vitest'
import { align, wordEdits } from '../../../server/lab/judging/words/align.ts'
import { clipDiff } from '../../../server/lab/judging/words/diff.ts'
import { textErrors, wordErrorRate } from '../../../server/lab/judging/words/errorRate.ts'

const split = (text: string) => text.split(' ').filter(word => word !== '')
const rate = (...pairs: [string, string][]) =>
  wordErrorRate(pairs.map(([reference, hypothesis]) => ({ reference, hypothesis })))

describe("jiwer's published examples (README, docs/usage.md, tests/test_measures.py, tests/test_cer.py)", () => {
  const wordErrorRates: [string, string, number][] = [
    ['hello world', 'hello duck', 1 / 2],
    ['This is a test', 'This is a test', 0],
    ['This is a test', '', 1],
    ['This is a test', 'This test', 1 / 2],
    ['hello this sentence is fractured', 'this sentence', 3 / 5],
    ['i am a short ground truth', 'i am a considerably longer and very much incorrect hypothesis', 7 / 6],
    // Known values of Morris, Maier and Green, "From WER and RIL to MER and WIL" (2004)
    ['X', 'X', 0],
    ['X', 'X X Y Y', 3],
    ['X Y X', 'X Z', 2 / 3],
    ['X', 'Y', 1],
    ['X', 'Y Z', 2],
    ['', '', 0],
    ['', 'silence', 1],
    ['', 'peaceful silence', 2],
  ]
  test.each(wordErrorRates)('"%s" heard as "%s"', (reference, hypothesis, expected) => {
    expect(rate([reference, hypothesis])).toBeCloseTo(expected * 100, 10)
  })

  test('over several sentences', () => {
    expect(rate(['hello world', 'hello duck'], ['i like monthy python', 'i like python'])).toBeCloseTo(
      (2 / 6) * 100,
    )
    expect(rate(['i', 'i am'], ['am i good', 'i good'])).toBeCloseTo(50)
    expect(rate(['am i good', 'i good'], ['i', 'i am'])).toBeCloseTo(50)
  })

  const characterErrors: [string, string, number, number][] = [
    ['i can spell', 'i kan cpell', 2, 11],
    ['i hope', 'i hop', 1, 6],
    ['This is a test', '', 14, 14],
    ['This is a test', 'This test', 5, 14],
    ['X', 'X X Y Y', 6, 1],
    ['X Y X', 'X Z', 3, 5],
    ['X', 'Y Z', 3, 1],
  ]
  test.each(characterErrors)('characters of "%s" heard as "%s"', (reference, heard, errors, characters) => {
    expect(textErrors(reference, heard)).toMatchObject({ characterErrors: errors, characters })
  })

  test('the alignment pairs as many words as it can', () => {
    const steps = (reference: string, heard: string) =>
      align(split(reference), split(heard)).map(({ operation }) => operation[0])
    expect(steps('short one here', 'shoe order one')).toEqual(['i', 's', 'e', 'd'])
    const second = steps('quite a bit of longer sentence', 'quite bit of an even longest sentence here')
    const count = (operation: string) => second.filter(step => step === operation).length
    expect([count('s'), count('d'), count('i'), count('e')]).toEqual([1, 1, 3, 4])
  })
})

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 9 })

describe('edits', () => {
  test('are those of an implementation that we did not write', () => {
    fc.assert(
      fc.property(words, words, (x, y) => {
        expect(wordEdits(x, y)).toBe(distance(x.join(''), y.join('')))
      }),
    )
  })

  test('are a distance: 0 for itself, symmetric, and no longer by way of a third text', () => {
    fc.assert(
      fc.property(words, words, words, (x, y, z) => {
        expect(wordEdits(x, x)).toBe(0)
        expect(wordEdits(x, y)).toBe(wordEdits(y, x))
        expect(wordEdits(x, z)).toBeLessThanOrEqual(wordEdits(x, y) + wordEdits(y, z))
      }),
    )
  })

  test('an alignment walks through both texts in order and calls equal what is equal', () => {
    fc.assert(
      fc.property(words, words, (x, y) => {
        const steps = align(x, y)
        expect(steps.map(step => step.reference).filter(i => i >= 0)).toEqual([...x.keys()])
        expect(steps.map(step => step.transcript).filter(i => i >= 0)).toEqual([...y.keys()])
        for (const { operation, reference, transcript } of steps) {
          if (reference < 0 || transcript < 0) expect(operation).toBe(reference < 0 ? 'insert' : 'delete')
          else expect(operation).toBe(x[reference] === y[transcript] ? 'equal' : 'substitute')
        }
      }),
    )
  })
})

test('the rate weighs each word the same, not each clip', () => {
  expect(rate(['a b c d e f g h i', 'a b c d e f g h i'], ['then', 'than'])).toBeCloseTo(10)
})

test('a diff joins runs of like steps', () => {
  expect(clipDiff('weather.wav', "What's the weather like today?", 'What is this weather like')).toEqual({
    clip: 'weather.wav',
    reference: "What's the weather like today?",
    transcript: 'What is this weather like',
    wordErrors: 2,
    words: 6,
    diff: [
      { operation: 'equal', reference: 'what is', transcript: 'what is' },
      { operation: 'substitute', reference: 'the', transcript: 'this' },
      { operation: 'equal', reference: 'weather like', transcript: 'weather like' },
      { operation: 'delete', reference: 'today', transcript: '' },
    ],
  })
})
