import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { SpeechLevel } from '../../../protocol/comparisonResult.ts'
import { rulesOf } from '../arms.ts'
import { plainFigure } from '../figures.ts'
import type { Run } from '../run.ts'
import { hearingTimes, observedSpeech } from '../speech/speechLevels.ts'
import { departureFromReference, errorFigures } from '../speech/transcripts.ts'
import type { Candidate } from './candidate.ts'
import { judgedByWordErrors } from './wordErrors.ts'

/** The levels as candidates, each held against the run's one reference, whatever family it is of. */
export function speechCandidates(run: Run, levels: readonly SpeechLevel[]): Candidate[] {
  const reference = run.plan.reference.speech
  const limit = run.plan.request.limits?.wordErrorRateIncrease
  const clips = run.plan.clips.filter(({ kind }) => kind === 'speech').length
  return levels.map(level => {
    const { inferenceMs, residentBytes } = level.figures
    const figure =
      reference === null || level.name === reference ? plainFigure('%') : rise(run, level.name, reference)
    return {
      name: level.name,
      times: hearingTimes(observedSpeech(run, level.name, false)),
      timeMs: inferenceMs.value,
      firstTokenMs: inferenceMs.value,
      memoryBytes: residentBytes.value,
      ...judgedByWordErrors({
        ...{ name: level.name, reference, figure, limit, available: clips, of: 'clips' },
        departs: level.figures.wordErrorRateToReference.verdict === 'worse',
      }),
    }
  })
}

/** Word errors beside the reference's; where no texts are known, the words that it heard differently. */
function rise(run: Run, name: string, reference: string): Figure {
  const own = observedSpeech(run, name, false)
  const other = observedSpeech(run, reference, false)
  const rule = rulesOf(run, `${name} for ${reference}`, false)
  const { wordErrorRate } = errorFigures(own.decodes, other.decodes, run.plan.clips, rule)
  if (wordErrorRate.n > 0) return wordErrorRate
  return departureFromReference(own.spoken, other.spoken, rule('wordErrorRateToReference', '%'))
}
