import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { SpeechLevel } from '../../../protocol/comparisonResult.ts'
import { counted, writtenNumber } from '../../wording.ts'
import { rulesOf } from '../arms.ts'
import { plainFigure } from '../figures.ts'
import type { Run } from '../run.ts'
import { hearingTimes, observedSpeech } from '../speechLevels.ts'
import { leastForBootstrap } from '../statistics/bootstrap.ts'
import { departureFromReference, errorFigures } from '../transcripts.ts'
import type { Candidate } from './candidate.ts'

/** Percentage points of word error that a recommended level may lie above the reference, unless a limit says otherwise. */
export const defaultRise = 0.5

/** The levels as candidates, each held against the run's one reference, whatever family it is of. */
export function speechCandidates(run: Run, levels: readonly SpeechLevel[]): Candidate[] {
  const reference = run.plan.reference.speech
  const allowed = run.plan.request.limits?.wordErrorRateIncrease ?? defaultRise
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
      ...judged(level, reference, figure, allowed),
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

function judged(
  { name }: SpeechLevel,
  reference: string | null,
  { n, differenceToReference, differenceInterval, verdict }: Figure,
  allowed: number,
): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence'> {
  if (name === reference) {
    return { lossPoints: 0, objection: null, accuracy: `${name} is the reference.`, evidence: 'reference' }
  }
  if (differenceToReference === null) {
    const objection = 'its word errors were not measured beside the reference'
    return { lossPoints: null, objection, accuracy: `${name}: ${objection}.`, evidence: 'thin' }
  }
  const points = `${writtenNumber(Math.abs(differenceToReference))} points of word error`
  const where = differenceToReference > 0 ? `${points} above` : `${points} below`
  const objection =
    differenceToReference > allowed ? `it lies ${where} ${reference}, over ${counted(n, 'clip')}` : null
  const evidence = evidenceOf(n, differenceInterval, verdict, allowed)
  const said =
    differenceToReference === 0 ? `makes as many word errors as ${reference}` : `lies ${where} ${reference}`
  return {
    lossPoints: differenceToReference,
    objection,
    evidence,
    accuracy: `${name} ${said} over ${counted(n, 'clip')}${certainty(evidence, differenceInterval)}.`,
  }
}

function evidenceOf(
  n: number,
  interval: Figure['differenceInterval'],
  verdict: Figure['verdict'],
  allowed: number,
): Candidate['evidence'] {
  if (interval === null || n < leastForBootstrap) return 'thin'
  // Not a clip differs: drawing the same clips again cannot say how many others would.
  if (interval[0] === interval[1]) return 'not-shown'
  return verdict === 'better' || interval[1] <= allowed ? 'shown' : 'not-shown'
}

function certainty(evidence: Candidate['evidence'], interval: Figure['differenceInterval']): string {
  if (evidence === 'thin' || interval === null) return ', too few to tell a difference'
  if (interval[0] === interval[1]) return ', without a difference in any'
  const range = `95 % interval ${writtenNumber(interval[0])} to ${writtenNumber(interval[1])} points`
  return evidence === 'shown' ? ` (${range})` : ` (${range}): no difference shown, and none ruled out`
}
