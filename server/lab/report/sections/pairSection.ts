import type { ComparisonResult } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import type { Section } from '../document.ts'
import { chartOf, shortNames, tableOf } from '../labels.ts'

export function pairSection({
  pairs,
  pareto,
  recommendation,
  speech,
  llm,
  voices,
  input,
}: ComparisonResult): Section[] {
  if (pairs.length === 0) return []
  const levels = shortNames(speech.map(({ name }) => name))
  const tags = shortNames(llm.map(({ name }) => name))
  const short = shortNames(voices.map(({ name }) => name))
  const named = pairs.map(pair => ({
    ...pair,
    name: [
      levels[pair.speech] ?? pair.speech,
      tags[pair.llm] ?? pair.llm,
      ...(pair.voice === null ? [] : [short[pair.voice] ?? pair.voice]),
    ].join(' + '),
  }))
  const recommended = pairs.find(
    pair =>
      pair.speech === recommendation.speech &&
      pair.llm === recommendation.llm &&
      (pair.voice === null || pair.voice === recommendation.voice),
  )
  const { axes } = pareto.pairs
  // A chart shows three: the errors of the level, the time and the memory.
  const isShown = (_: unknown, axis: number) => axis === 0 || axis >= axes.length - 2
  const what = voices.length === 0 ? 'Pairs' : 'Triples'
  const until = voices.length === 0 ? 'first token' : 'first audio'
  return [
    {
      id: 'pairs',
      title: voices.length === 0 ? 'Both together' : 'All three together',
      blocks: [
        {
          kind: 'text',
          text: `Whole spoken turns through the server’s own pipeline, in ${counted(input.rounds.pairs, 'round')}, from speech end. “Answers changed by that” counts turns in which the speech level changed the transcript, and the answer with it.`,
        },
        ...chartOf(
          {
            axes: axes.filter(isShown),
            points: pareto.pairs.points.map(point => ({ ...point, values: point.values.filter(isShown) })),
          },
          `Word errors of the level against the time to the ${until}; the area is memory. Hollow points are dominated, the accuracy of answers${voices.length === 0 ? '' : ' and what is heard wrong of the voice'} counted too.`,
          Object.fromEntries(pairs.map(({ name }, i) => [name, named[i]?.name ?? name])),
          recommended?.name ?? null,
        ),
        ...tableOf(
          `${what}, from speech end`,
          [
            ...['turnDecidedMs', 'commitMs', 'transcriptMs', 'firstTokenMs', 'firstClauseMs'],
            ...['firstAudioMs', 'playbackStartedMs', 'replyDoneMs'],
          ],
          named,
        ),
        ...tableOf(
          `${what}, cost and changes`,
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
