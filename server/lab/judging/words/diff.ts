import type { ClipDiff } from '../../../protocol/comparisonResult.ts'
import { align } from './align.ts'
import { comparedWords } from './normalizeEnglish.ts'

/** What was heard of a clip against what was said, runs of like steps joined. */
export function clipDiff(clip: string, reference: string, transcript: string): ClipDiff {
  const said = comparedWords(reference)
  const heard = comparedWords(transcript)
  const steps = align(said, heard)
  const diff: ClipDiff['diff'] = []
  for (const step of steps) {
    const last = diff.at(-1)
    const words = { reference: said[step.reference] ?? '', transcript: heard[step.transcript] ?? '' }
    if (last?.operation === step.operation) {
      last.reference = `${last.reference} ${words.reference}`.trim()
      last.transcript = `${last.transcript} ${words.transcript}`.trim()
    } else diff.push({ operation: step.operation, ...words })
  }
  return {
    clip,
    reference,
    transcript,
    wordErrors: steps.filter(({ operation }) => operation !== 'equal').length,
    words: said.length,
    diff,
  }
}
