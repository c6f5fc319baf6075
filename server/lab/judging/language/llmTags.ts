import type { Flips, LlmTag } from '../../../protocol/comparisonResult.ts'
import { median } from '../../../shared/quantiles.ts'
import type { LlmAnswer, LlmArm } from '../../observations.ts'
import { besideReference, isOfArm, type Rule } from '../arms.ts'
import { departureFigure, plainFigure, shareFigure, timingFigure } from '../figures.ts'
import { energyFigure, undisturbed } from '../repeated.ts'
import type { Run } from '../run.ts'
import { type AnswerPair, pairAnswers } from './answers.ts'
import { checkedAnswers, checkedRightFigure, flipsBetween } from './checkedAnswers.ts'
import { positionFigures } from './divergence.ts'
import { loadFigures, readingOf } from './loads.ts'

/** A first clause that can be spoken has about this many tokens. */
const TOKENS_OF_FIRST_CLAUSE = 12
const MOST_DIVERGENCES = 5

type Observed = ReturnType<typeof observedLlm>

export function observedLlm(run: Run, name: string, noise: boolean) {
  const ofArm = isOfArm(name, noise)
  return {
    loads: run.llmLoads.filter(ofArm),
    answers: run.answers.filter(ofArm),
    positions: run.positions.filter(ofArm),
    batches: run.batches.filter(one => one.side === 'llm' && ofArm(one)),
    failures: run.failures.filter(one => one.side === 'llm' && ofArm(one)).length,
  }
}

/** True when a reference's weights were made from this tag's, so that it can only be as good or better. */
const isReferenceSource = (run: Run, name: string) =>
  run.plan.llm.some(({ madeFrom, reference }) => madeFrom === name && reference === null)

/** All figures of a tag beside its reference; of the noise arm, beside the same tag's first measuring. */
export function judgeLlmTag(run: Run, arm: LlmArm, noise = false): LlmTag {
  const { own, referenceName, reference, rule, both } = besideReference(run, arm, noise, observedLlm)
  const timing = (figure: string, unit: string, read: (answer: LlmAnswer) => number | null) =>
    timingFigure(
      ...both(({ answers }) => undisturbed(answers, ({ question }) => question, read)),
      rule(figure, unit),
    )
  const referenceSource = isReferenceSource(run, arm.name)
  const pairs = reference === null ? [] : pairAnswers(own.answers, reference.answers)
  const { figures, flips } = accuracy(run, own, reference, pairs, rule)
  return {
    name: arm.name,
    family: arm.family,
    quantization: arm.quantization,
    parameterSize: arm.parameterSize,
    digest: arm.digest,
    reference: referenceName,
    referenceSource,
    failures: own.failures,
    tensorTypes: own.loads.at(-1)?.tensorTypes ?? [],
    figures: {
      ...loadFigures(both, rule),
      gpuShare: readingOf(both, rule)('gpuShare', '%', ({ gpuShare }) =>
        gpuShare === null ? null : gpuShare * 100,
      ),
      promptTokensPerSecond: timing('promptTokensPerSecond', 'tokens/s', promptTokensPerSecond),
      tokensPerSecond: timing('tokensPerSecond', 'tokens/s', ({ outputTokens, evalMs }) =>
        perSecond(outputTokens, evalMs),
      ),
      firstTokenMs: timing('firstTokenMs', 'ms', answer => answer.timeToFirstTokenMs),
      firstClauseMs: timing('firstClauseMs', 'ms', firstClauseMs),
      timePerOutputTokenMs: timing('timePerOutputTokenMs', 'ms', timePerOutputTokenMs),
      outputTokens: timing('outputTokens', 'tokens', answer => answer.outputTokens),
      ...(referenceSource ? withoutVerdicts(figures) : figures),
      cpuSecondsPerAnswer: timing('cpuSecondsPerAnswer', 's', answer => answer.cpuSeconds),
      joulesPerTurn: energyFigure(...both(({ batches }) => batches), rule('joulesPerTurn', 'J')),
    },
    flips,
    divergences: divergences(run, pairs),
  }
}

type Accuracy = Pick<
  LlmTag['figures'],
  'exactMatchShare' | 'firstDivergingToken' | 'tokenAgreement' | 'klTop20' | 'checkedRight'
>

function accuracy(
  run: Run,
  own: Observed,
  reference: Observed | null,
  pairs: readonly AnswerPair[],
  rule: Rule,
): { figures: Accuracy; flips: Flips | null } {
  const right = checkedAnswers(own.answers, run.plan.questions)
  const rightBefore = reference && checkedAnswers(reference.answers, run.plan.questions)
  const flips = rightBefore && flipsBetween(right, rightBefore)
  const diverging = pairs.flatMap(({ samePieces }) => (samePieces === null ? [] : [samePieces]))
  const { agreement, divergence } = positionFigures(own.positions, reference?.positions ?? [])
  return {
    flips,
    figures: {
      exactMatchShare: shareFigure(pairs.filter(({ same }) => same).length, pairs.length),
      firstDivergingToken: plainFigure(
        'tokens',
        diverging.length === 0 ? null : median(diverging),
        diverging.length,
      ),
      tokenAgreement: departureFigure(agreement, 100, rule('tokenAgreement', '%')),
      klTop20: departureFigure(divergence, 0, rule('klTop20', 'nats')),
      checkedRight: checkedRightFigure(right, rightBefore, flips, rule('checkedRight', '%')),
    },
  }
}

function withoutVerdicts(figures: Accuracy): Accuracy {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => [name, { ...figure, verdict: 'not-tested' }]),
  ) as Accuracy
}

function divergences(run: Run, pairs: readonly AnswerPair[]): LlmTag['divergences'] {
  const texts = new Map(run.plan.questions.map(({ id, text }) => [id, text]))
  return pairs
    .filter(({ same, round }) => !same && round === 0)
    .sort((a, b) => (a.samePieces ?? 0) - (b.samePieces ?? 0) || (a.question < b.question ? -1 : 1))
    .slice(0, MOST_DIVERGENCES)
    .map(({ question, reference, own }) => ({
      question: texts.get(question) ?? question,
      reference,
      answer: own,
    }))
}

const perSecond = (tokens: number | null, ms: number | null) =>
  tokens === null || ms === null || ms === 0 || tokens === 0 ? null : tokens / (ms / 1000)

/** Only where it is known how many tokens were evaluated: Ollama's count holds cached ones, its duration does not. */
function promptTokensPerSecond({
  promptTokens,
  cachedPromptTokens,
  promptEvalMs,
  uniqueStart,
}: LlmAnswer): number | null {
  if (promptTokens === null || (cachedPromptTokens === null && !uniqueStart)) return null
  return perSecond(promptTokens - (cachedPromptTokens ?? 0), promptEvalMs)
}

const timePerOutputTokenMs = ({ outputTokens, evalMs }: LlmAnswer) =>
  outputTokens === null || outputTokens === 0 || evalMs === null ? null : evalMs / outputTokens

/** Time to first token and eleven more at the answer's own pace, whatever the model said. */
function firstClauseMs(answer: LlmAnswer): number | null {
  const pace = timePerOutputTokenMs(answer)
  if (pace === null || answer.timeToFirstTokenMs === null) return null
  return answer.timeToFirstTokenMs + (TOKENS_OF_FIRST_CLAUSE - 1) * pace
}

/** Times to a first clause of each answer, as they are compared. */
export const clauseTimes = ({ answers }: Observed) =>
  undisturbed(answers, ({ question }) => question, firstClauseMs)
