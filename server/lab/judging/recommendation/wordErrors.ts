import type { Figure } from '../../../protocol/comparisonFigures.ts'
import { counted } from '../../../shared/figures.ts'
import { writtenNumber } from '../../wording.ts'
import { sum } from '../measured.ts'
import { LEAST_FOR_BOOTSTRAP } from '../statistics/bootstrap.ts'
import type { Candidate } from './candidate.ts'
import { boundsOf } from './enough.ts'

/** Percentage points of word error that a recommended level may lie above the reference where it also hears other words. */
const DEFAULT_RISE = 0.5

/** Points beyond what is allowed that must be ruled out before clips are believed. */
const RULED_OUT_RISE = 2

type Judged = {
  name: string
  reference: string | null
  /** Word errors beside those of the reference. */
  figure: Figure
  /** It is shown to be heard, or to hear, otherwise than its reference. */
  departs: boolean
  /** Points of word error that it may lie above the reference; undefined: as many as by default. */
  limit: number | undefined
  /** How many there are to be observed. */
  available: number
  of: 'clips' | 'texts'
}

/** A level by what it hears wrong, a voice by what is heard wrong of it, beside the run's reference. */
export function judgedByWordErrors({
  name,
  reference,
  figure,
  departs,
  limit,
  available,
  of,
}: Judged): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence' | 'enough'> {
  const { n, differenceToReference, differenceInterval, verdict } = figure
  const allowed = limit ?? DEFAULT_RISE
  const many = counted(n, of.slice(0, -1))
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
    objection: isBeyond ? `it lies ${where} ${reference}, over ${many}` : null,
    evidence,
    enough:
      evidence === 'thin'
        ? {
            ...{ observed: n, available, of },
            times: Math.max(LEAST_FOR_BOOTSTRAP / n, boundsOfRise(figure).timesFor(room)),
          }
        : null,
    accuracy: `${name} ${said} over ${many}${certainty(evidence, differenceInterval)}.`,
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
