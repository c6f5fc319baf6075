import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { SpeechLevel } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import { writtenNumber } from '../../wording.ts'
import { rulesOf } from '../arms.ts'
import { plainFigure } from '../figures.ts'
import type { Run } from '../run.ts'
import { hearingTimes, observedSpeech } from '../speech/speechLevels.ts'
import { departureFromReference, errorFigures } from '../speech/transcripts.ts'
import { leastForBootstrap } from '../statistics/bootstrap.ts'
import type { Candidate } from './candidate.ts'

/** Percentage points of word error that a recommended level may lie above the reference where it also hears other words. */
const defaultRise = 0.5

/** Points beyond what is allowed that must be ruled out before few clips are believed. */
const ruledOutRise = 2

/** The levels as candidates, each held against the run's one reference, whatever family it is of. */
export function speechCandidates(run: Run, levels: readonly SpeechLevel[]): Candidate[] {
  const reference = run.plan.reference.speech
  const limit = run.plan.request.limits?.wordErrorRateIncrease
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
      ...judged(level, reference, figure, level.figures.wordErrorRateToReference, limit),
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
  departure: Figure,
  limit: number | undefined,
): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence'> {
  const allowed = limit ?? defaultRise
  if (name === reference) {
    return { lossPoints: 0, objection: null, accuracy: `${name} is the reference.`, evidence: 'reference' }
  }
  if (differenceToReference === null) {
    const objection = 'its word errors were not measured beside the reference'
    return { lossPoints: null, objection, accuracy: `${name}: ${objection}.`, evidence: 'thin' }
  }
  const points = `${writtenNumber(Math.abs(differenceToReference))} points of word error`
  const where = differenceToReference > 0 ? `${points} above` : `${points} below`
  const evidence = evidenceOf(n, differenceInterval, verdict, allowed)
  const above = `it lies ${where} ${reference}, over ${counted(n, 'clip')}`
  const departs = departure.verdict === 'worse'
  const isBeyond = (asked: number | undefined) =>
    asked === undefined
      ? verdict === 'worse' || (differenceToReference > allowed && departs)
      : differenceToReference > asked
  const objection = isBeyond(limit)
    ? above
    : evidence === 'thin' && departs
      ? `it hears ${writtenNumber(departure.value ?? 0)} % of words unlike its reference, and too little was measured to rule out that they are errors`
      : null
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
  if (verdict === 'better' || interval[1] <= allowed) return 'shown'
  return interval[1] <= allowed + ruledOutRise ? 'not-shown' : 'thin'
}

function certainty(evidence: Candidate['evidence'], interval: Figure['differenceInterval']): string {
  if (interval === null) return ', too few to tell a difference'
  if (interval[0] === interval[1]) return ', without a difference in any'
  const range = `95 % interval ${writtenNumber(interval[0])} to ${writtenNumber(interval[1])} points`
  if (evidence === 'shown') return ` (${range})`
  return evidence === 'thin'
    ? ` (${range}): too few to tell a difference`
    : ` (${range}): no difference shown`
}
