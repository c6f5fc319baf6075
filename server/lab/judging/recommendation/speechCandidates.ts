import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { SpeechLevel } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import { writtenNumber } from '../../wording.ts'
import { rulesOf } from '../arms.ts'
import { plainFigure } from '../figures.ts'
import { sum } from '../measured.ts'
import type { Run } from '../run.ts'
import { hearingTimes, observedSpeech } from '../speech/speechLevels.ts'
import { departureFromReference, errorFigures } from '../speech/transcripts.ts'
import { LEAST_FOR_BOOTSTRAP } from '../statistics/bootstrap.ts'
import type { Candidate } from './candidate.ts'
import { boundsOf } from './enough.ts'

/** Percentage points of word error that a recommended level may lie above the reference where it also hears other words. */
const DEFAULT_RISE = 0.5

/** Points beyond what is allowed that must be ruled out before clips are believed. */
const RULED_OUT_RISE = 2

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
      ...judged(level, reference, figure, level.figures.wordErrorRateToReference, limit, clips),
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
  figure: Figure,
  departure: Figure,
  limit: number | undefined,
  clips: number,
): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence' | 'enough'> {
  const { n, differenceToReference, differenceInterval, verdict } = figure
  const allowed = limit ?? DEFAULT_RISE
  if (name === reference) {
    const accuracy = `${name} is the reference.`
    return { lossPoints: 0, objection: null, accuracy, evidence: 'reference', enough: null }
  }
  if (differenceToReference === null) {
    const objection = 'its word errors were not measured beside the reference'
    return { lossPoints: null, objection, accuracy: `${name}: ${objection}.`, evidence: 'thin', enough: null }
  }
  const points = `${writtenNumber(Math.abs(differenceToReference))} points of word error`
  const where = differenceToReference > 0 ? `${points} above` : `${points} below`
  const evidence = limit === undefined && verdict === 'worse' ? 'not-shown' : evidenceOf(figure, allowed)
  const departs = departure.verdict === 'worse'
  const isBeyond =
    limit === undefined
      ? verdict === 'worse' || (differenceToReference > allowed && (departs || evidence === 'thin'))
      : differenceToReference > limit
  const said =
    differenceToReference === 0 ? `makes as many word errors as ${reference}` : `lies ${where} ${reference}`
  const room = Math.max(
    allowed + RULED_OUT_RISE - differenceToReference,
    differenceToReference - DEFAULT_RISE,
  )
  return {
    lossPoints: differenceToReference,
    objection: isBeyond ? `it lies ${where} ${reference}, over ${counted(n, 'clip')}` : null,
    evidence,
    enough:
      evidence === 'thin'
        ? {
            ...{ observed: n, available: clips, of: 'clips' },
            times: Math.max(LEAST_FOR_BOOTSTRAP / n, boundsOfRise(figure).timesFor(room)),
          }
        : null,
    accuracy: `${name} ${said} over ${counted(n, 'clip')}${certainty(evidence, differenceInterval)}.`,
  }
}

/** Points between which the difference lies. */
function boundsOfRise({ differenceToReference, differenceInterval, byItem }: Figure) {
  const words = sum(Object.values(byItem ?? {}).map(({ weight }) => weight))
  const difference = differenceToReference ?? 0
  return boundsOf(difference, differenceInterval, (Math.abs(difference) / 100) * words, words)
}

function evidenceOf(figure: Figure, allowed: number): Candidate['evidence'] {
  const { n, differenceInterval, verdict } = figure
  if (differenceInterval === null || n < LEAST_FOR_BOOTSTRAP) return 'thin'
  const { high } = boundsOfRise(figure)
  if (verdict === 'better' || high <= allowed) return 'shown'
  return high <= allowed + RULED_OUT_RISE ? 'not-shown' : 'thin'
}

function certainty(evidence: Candidate['evidence'], interval: Figure['differenceInterval']): string {
  const few = evidence === 'thin' ? ', too few to tell a difference' : ''
  if (interval === null) return few
  if (interval[0] === interval[1]) return `, without a difference in any${few}`
  const range = ` (95 % interval ${writtenNumber(interval[0])} to ${writtenNumber(interval[1])} points)`
  return evidence === 'shown' ? range : `${range}${few === '' ? ': no difference shown' : few}`
}
