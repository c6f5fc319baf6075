import type { LlmTag } from '../../../protocol/comparisonResult.ts'
import { writtenNumber } from '../../wording.ts'
import { rulesOf } from '../arms.ts'
import { checkedAnswers, checkedRightFigure, flipsBetween, isTelling } from '../language/checkedAnswers.ts'
import { clauseTimes, observedLlm } from '../language/llmTags.ts'
import type { Run } from '../run.ts'
import type { Candidate } from './candidate.ts'

/**
 * Percentage points of checked answers that a recommended tag may lie below the reference where its next tokens are
 * shown to differ, too: a flip or two of a tag that is all but the same is chance.
 */
const mostLostAnswers = 5
/** Percent of next tokens that such a tag must choose like the reference of its family. */
const leastTokenAgreement = 90

/** Checked answers below which their number alone says nothing. */
const fewAnswers = 20

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
): Pick<Candidate, 'lossPoints' | 'objection' | 'accuracy' | 'evidence'> {
  const reference = run.plan.reference.llm
  if (reference === null || tag.name === reference) {
    return {
      lossPoints: 0,
      objection: null,
      accuracy: `${tag.name} is the reference.`,
      evidence: 'reference',
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
  const loses = difference !== null && difference < -mostLostAnswers && departs
  const objections = [
    ...(loses || answers?.figure.verdict === 'worse' ? [`it ${right}`] : []),
    ...(departs && tokenAgreement.value !== null && tokenAgreement.value < leastTokenAgreement
      ? [`it ${agreement}, less than ${leastTokenAgreement} %`]
      : []),
  ]
  const parts = [right, agreement].filter(part => part !== null)
  const thin = answers === null || !answers.telling || answers.of < fewAnswers
  return {
    lossPoints: difference === null ? null : -difference,
    objection: objections.length === 0 ? null : objections.join(', and '),
    accuracy: `${tag.name} ${parts.length === 0 ? 'was not held against the reference' : parts.join(' and ')}.`,
    evidence:
      answers?.figure.verdict === 'better'
        ? 'shown'
        : thin && tokenAgreement.value === null
          ? 'thin'
          : 'not-shown',
  }
}

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
