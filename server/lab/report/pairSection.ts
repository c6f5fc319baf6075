import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { counted } from '../../shared/figures.ts'
import type { Section } from './document.ts'
import { chartOf, shortNames, tableOf } from './labels.ts'

export function pairSection({
  pairs,
  pareto,
  recommendation,
  speech,
  llm,
  input,
}: ComparisonResult): Section[] {
  if (pairs.length === 0) return []
  const levels = shortNames(speech.map(({ name }) => name))
  const tags = shortNames(llm.map(({ name }) => name))
  const named = pairs.map(pair => ({
    ...pair,
    name: `${levels[pair.speech] ?? pair.speech} + ${tags[pair.llm] ?? pair.llm}`,
  }))
  const recommended = pairs.find(
    pair => pair.speech === recommendation.speech && pair.llm === recommendation.llm,
  )
  // All axes but the accuracy of answers: a chart shows three.
  const isShown = (_: unknown, axis: number) => axis !== 1
  return [
    {
      id: 'pairs',
      title: 'Both together',
      blocks: [
        {
          kind: 'text',
          text: `Whole spoken turns through the server’s own pipeline, in ${counted(input.rounds.pairs, 'round')}, from speech end. “Answers changed by that” counts turns in which the speech level changed the transcript, and the answer with it.`,
        },
        ...chartOf(
          {
            axes: pareto.pairs.axes.filter(isShown),
            points: pareto.pairs.points.map(point => ({ ...point, values: point.values.filter(isShown) })),
          },
          'Word errors of the level against the time to the first token; the area is memory. Hollow points are dominated, the accuracy of answers counted too.',
          Object.fromEntries(pairs.map(({ name }, i) => [name, named[i]?.name ?? name])),
          recommended?.name ?? null,
        ),
        ...tableOf(
          'Pairs, from speech end',
          [
            ...['turnDecidedMs', 'commitMs', 'transcriptMs', 'firstTokenMs', 'firstClauseMs'],
            ...['firstAudioMs', 'playbackStartedMs', 'replyDoneMs'],
          ],
          named,
        ),
        ...tableOf(
          'Pairs, cost and changes',
          [
            ...['residentBytes', 'cpuSecondsPerTurn', 'joulesPerTurn'],
            ...['changedTranscriptShare', 'changedAnswerShare'],
          ],
          named,
        ),
      ],
    },
  ]
}
