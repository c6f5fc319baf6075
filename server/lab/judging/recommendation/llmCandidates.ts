import type { LlmTag } from '../../../protocol/comparisonResult.ts'
import { POSITIONS_AN_ANSWER } from '../../measuring/positions.ts'
import { writtenNumber } from '../../wording.ts'
import { rulesOf } from '../arms.ts'
import { checkedAnswers, checkedRightFigure, flipsBetween, isTelling } from '../language/checkedAnswers.ts'
import { clauseTimes, observedLlm } from '../language/llmTags.ts'
import type { Run } from '../run.ts'
import type { Candidate } from './candidate.ts'
import { boundsOf, type Enough } from './enough.ts'

/**
 * Percentage points of checked answers that a recommended tag may lie below the reference where its next tokens are
 * shown to differ, too: a flip or two of a tag that is all but the same is chance.
 */
const MOST_LOST_ANSWERS = 5
/** Percent of next tokens that such a tag must choose like the reference of its family. */
const LEAST_TOKEN_AGREEMENT = 90

/** Points beyond that which must be ruled out before next tokens, or checked answers, are believed. */
const RULED_OUT_AGREEMENT = 5
const RULED_OUT_LOSS = 10

/** The tags as candidates, without those that a reference was made from. */
export function llmCandidates(run: Run, tags: readonly LlmTag[]): Candidate[] {
  return tags
    .filter(({ referenceSource }) => !referenceSource)
    .map(tag => ({
      name: tag.name,
      times: clauseTimes(observedLlm(run, tag.name, false)),
      timeMs: tag.figures.firstClauseMs.value,
      firstTokenMs: tag.figures.firstTokenMs.value,
      memoryBytes: tag.figures.residentBytes.value,
      ...judged(run, tag),
    }))
}

function judged(
  run: Run,
  tag: LlmTag,
): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence' | 'enough'> {
  const reference = run.plan.reference.llm
  if (reference === null || tag.name === reference) {
    return {
      lossPoints: 0,
      objection: null,
      accuracy: `${tag.name} is the reference.`,
      evidence: 'reference',
      enough: null,
    }
  }
  const { tokenAgreement, klTop20 } = tag.figures
  const answers = answersBeside(run, tag.name, reference)
  const agreement =
    tokenAgreement.value === null
      ? null
      : `chooses ${writtenNumber(tokenAgreement.value)} % of next tokens like ${tag.reference}`
  const difference = answers?.figure.differenceToReference ?? null
  const right =
    answers === null || difference === null
      ? null
      : `gets ${answers.right} of ${answers.of} checked answers right (${reference}: ${answers.before}; ${answers.flips.gained} gained, ${answers.flips.lost} lost, p = ${writtenNumber(answers.flips.pValue)})`
  const departs = tokenAgreement.verdict === 'worse' || klTop20.verdict === 'worse'
  const heldAgainst = (differs: boolean) => [
    ...(answers?.figure.verdict === 'worse' || (differs && (difference ?? 0) < -MOST_LOST_ANSWERS)
      ? [`it ${right}`]
      : []),
    ...(differs && tokenAgreement.value !== null && tokenAgreement.value < LEAST_TOKEN_AGREEMENT
      ? [`it ${agreement}, less than ${LEAST_TOKEN_AGREEMENT} %`]
      : []),
  ]
  const shown = heldAgainst(departs)
  const isBetter = answers?.figure.verdict === 'better'
  const { isEnough, enough } = isBetter || shown.length > 0 ? told(true, null) : evidenceOf(run, tag, answers)
  const objections = isEnough ? shown : heldAgainst(true)
  const parts = [right, agreement].filter(part => part !== null)
  return {
    lossPoints: difference === null ? null : -difference,
    objection: objections.length === 0 ? null : objections.join(', and '),
    accuracy: `${tag.name} ${parts.length === 0 ? 'was not held against the reference' : parts.join(' and ')}.`,
    evidence: isBetter ? 'shown' : isEnough ? 'not-shown' : 'thin',
    enough,
  }
}

/**
 * Whether enough was observed to rule out a loss: by next tokens, within the family of the run's reference, else by
 * checked answers, which a model of another family has in common with it.
 */
function evidenceOf(
  run: Run,
  { reference, figures: { tokenAgreement } }: LlmTag,
  answers: ReturnType<typeof answersBeside>,
): { isEnough: boolean; enough: Enough | null } {
  const { value, n, interval: ofTokens } = tokenAgreement
  if (value !== null && reference === run.plan.reference.llm) {
    const { low, timesFor } = boundsOf(value, ofTokens, n * (1 - value / 100), n)
    const lowest = LEAST_TOKEN_AGREEMENT - RULED_OUT_AGREEMENT
    const times = timesFor(Math.max(value - lowest, LEAST_TOKEN_AGREEMENT - value))
    const available = run.plan.questions.length * POSITIONS_AN_ANSWER
    return told(ofTokens !== null && low >= lowest, { observed: n, times, available, of: 'next tokens' })
  }
  const difference = answers?.figure.differenceToReference ?? null
  if (answers === null || difference === null) return told(false, null)
  const { figure, flips, of: observed, telling } = answers
  const interval = figure.differenceInterval
  const { low, timesFor } = boundsOf(difference, interval, flips.gained + flips.lost, observed)
  const most = MOST_LOST_ANSWERS + RULED_OUT_LOSS
  const times = telling ? timesFor(Math.max(most + difference, -difference)) : null
  const available = run.plan.questions.filter(({ check }) => check !== null).length
  const isEnough = telling && interval !== null && low >= -most
  return told(isEnough, { observed, times, available, of: 'checked answers' })
}

const told = (isEnough: boolean, enough: Enough | null) => ({ isEnough, enough: isEnough ? null : enough })

/** Checked answers of a tag beside those of the run's one reference, whatever family it is of. */
function answersBeside(run: Run, name: string, reference: string) {
  const { questions } = run.plan
  const own = checkedAnswers(observedLlm(run, name, false).answers, questions)
  const before = checkedAnswers(observedLlm(run, reference, false).answers, questions)
  if (own.size === 0 || before.size === 0) return null
  const flips = flipsBetween(own, before)
  const right = [...own.values()].filter(Boolean).length
  const rightBefore = [...before.values()].filter(Boolean).length
  const rule = rulesOf(run, `${name} for ${reference}`, false)('checkedRight', '%')
  return {
    flips,
    right,
    of: own.size,
    before: rightBefore,
    telling: isTelling((rightBefore / before.size) * 100),
    figure: checkedRightFigure(own, before, flips, rule),
  }
}
