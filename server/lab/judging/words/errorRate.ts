import { distance } from 'fastest-levenshtein'
import { wordEdits } from './align.ts'
import { comparedWords } from './normalizeEnglish.ts'

/** Edits of what was heard against what was said, and lengths, normalized; characters count the single spaces between words. */
export function textErrors(reference: string, transcript: string) {
  const said = comparedWords(reference)
  const heard = comparedWords(transcript)
  return {
    wordErrors: wordEdits(said, heard),
    words: said.length,
    characterErrors: distance(said.join(' '), heard.join(' ')),
    characters: said.join(' ').length,
  }
}

/**
 * Edits by length over all texts in percent, so that every word weighs the same whatever clip it is in. Texts that
 * are empty count as one long in all, as in jiwer 4: what is heard in silence is an error, not a division by zero.
 */
export function errorRate(parts: readonly { errors: number; length: number }[]): number {
  const errors = parts.reduce((sum, part) => sum + part.errors, 0)
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return (errors / Math.max(length, 1)) * 100
}

/** Word error rate of transcripts in percent. */
export function wordErrorRate(pairs: readonly { reference: string; hypothesis: string }[]): number {
  return errorRate(
    pairs.map(({ reference, hypothesis }) => {
      const said = comparedWords(reference)
      return { errors: wordEdits(said, comparedWords(hypothesis)), length: said.length }
    }),
  )
}
