import type { Check } from '../input.ts'
import { comparedWords } from '../judging/words/normalizeEnglish.ts'

/**
 * True when an answer passes the check of its question. Both are compared after the text normalization, so "Seven."
 * is 7 and case, punctuation and spelling make no difference.
 */
export function checkAnswer(check: Check, answer: string): boolean {
  const words = comparedWords(answer)
  switch (check.kind) {
    case 'anyOf':
      return check.phrases.some(phrase => placeOf(phrase, words) !== null)
    case 'allOf':
      return check.phrases.every(phrase => placeOf(phrase, words) !== null)
    case 'first': {
      const places = check.options.map(option => ({ option, place: placeOf(option, words) ?? Infinity }))
      const first = places.reduce((best, next) => (next.place < best.place ? next : best))
      return first.place < Infinity && check.right.includes(first.option)
    }
    case 'number':
      return (
        numbersIn(answer).find(number => number === check.value || !check.besides.includes(number)) ===
        check.value
      )
  }
}

/** Index of the first word of `phrase` as a run of whole words; null when it does not occur. */
function placeOf(phrase: string, words: readonly string[]): number | null {
  const wanted = comparedWords(phrase)
  const place = words.findIndex((_, start) => wanted.every((word, i) => words[start + i] === word))
  return place === -1 ? null : place
}

/**
 * Numbers of an answer in order, without signs of currency or percent. Clauses and formulas are normalized piece by
 * piece, since number words side by side are read out as one ("seven + five" would be 75).
 */
function numbersIn(answer: string): number[] {
  return answer
    .split(/[.,](?!\d)|[^\p{L}\p{N}\s.,'’$€£¢%-]/u)
    .flatMap(comparedWords)
    .flatMap(word => {
      // The normalization writes 1 as "one".
      const digits = word === 'one' ? '1' : /^[$€£¢+]?(-?\d+(?:\.\d+)?)%?$/.exec(word)?.[1]
      return digits === undefined ? [] : [Number(digits)]
    })
}
