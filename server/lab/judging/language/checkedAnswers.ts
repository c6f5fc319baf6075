import type { Figure, Margin, Verdict } from '../../../protocol/comparisonFigures.ts'
import type { Flips } from '../../../protocol/comparisonResult.ts'
import type { Question } from '../../input.ts'
import type { LlmAnswer } from '../../observations.ts'
import { checkAnswer } from '../../questions/checkAnswer.ts'
import { compared, type FigureRule, itemsOf, shareFigure } from '../figures.ts'
import { mean } from '../measured.ts'
import { bootstrapInterval } from '../statistics/bootstrap.ts'
import { mcnemarExact } from '../statistics/exactTests.ts'

/** Right answers of a reference, percent, between which a set of questions can tell its levels apart. */
export const tellingRange = [30, 90] as const

/** Whether each checked question was answered right, in most rounds if there were several. */
export function checkedAnswers(
  answers: readonly LlmAnswer[],
  questions: readonly Question[],
): Map<string, boolean> {
  const byQuestion = Map.groupBy(answers, ({ question }) => question)
  const right = new Map<string, boolean>()
  for (const { id, check } of questions) {
    const given = byQuestion.get(id)
    if (check === null || given === undefined) continue
    right.set(id, mean(given.map(({ text }) => (checkAnswer(check, text) ? 1 : 0))) >= 0.5)
  }
  return right
}

/** How right and wrong changed from the reference to this arm, over the questions that both answered. */
export function flipsBetween(own: Map<string, boolean>, reference: Map<string, boolean>): Flips {
  const flips = { bothRight: 0, bothWrong: 0, gained: 0, lost: 0 }
  for (const [question, right] of own) {
    const other = reference.get(question)
    if (other === undefined) continue
    if (right) flips[other ? 'bothRight' : 'gained']++
    else flips[other ? 'lost' : 'bothWrong']++
  }
  return { ...flips, pValue: mcnemarExact(flips.gained, flips.lost) }
}

/** Right answers in percent; a verdict needs McNemar's test below 5 % as well as a difference beyond the margin. */
export function checkedRightFigure(
  right: Map<string, boolean>,
  rightBefore: Map<string, boolean> | null,
  flips: Flips | null,
  { key, margin }: FigureRule,
): Figure {
  const hits = [...right.values()].filter(Boolean).length
  const byItem = itemsOf([...right].map(([of, isRight]) => [of, isRight ? 100 : 0]))
  const figure = { ...shareFigure(hits, right.size), byItem: right.size === 0 ? null : byItem }
  if (rightBefore === null || flips === null) return figure
  const both = [...right].flatMap(([question, now]) => {
    const before = rightBefore.get(question)
    return before === undefined ? [] : [{ now: now ? 100 : 0, before: before ? 100 : 0 }]
  })
  if (both.length === 0) return figure
  const gain = (sample: readonly (readonly (typeof both)[number][])[]) => {
    const drawn = sample.flat()
    return drawn.reduce((total, { now, before }) => total + now - before, 0) / drawn.length
  }
  const clusters = both.map(question => [question])
  const before = both.reduce((total, question) => total + question.before, 0) / both.length
  const difference = gain(clusters)
  return {
    ...compared(
      figure,
      {
        ratioToReference: before === 0 ? null : (before + difference) / before,
        differenceToReference: difference,
        differenceInterval: bootstrapInterval(clusters, gain, key),
      },
      undefined,
    ),
    verdict: verdictOnFlips(difference, flips, before, margin),
  }
}

function verdictOnFlips(
  difference: number,
  flips: Flips,
  before: number,
  margin: Margin | undefined,
): Verdict {
  if (margin === undefined || !isTelling(before)) return 'not-tested'
  if (flips.pValue >= 0.05 || Math.abs(difference) <= margin.margin) return 'no-difference-shown'
  return difference > 0 ? 'better' : 'worse'
}

/** False when a reference is right so seldom or so often that its levels cannot be told apart. */
export const isTelling = (percentRight: number) =>
  percentRight >= tellingRange[0] && percentRight <= tellingRange[1]
