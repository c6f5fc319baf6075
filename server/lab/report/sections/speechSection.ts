import type { ComparisonResult, SpeechLevel } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import type { Section, Table } from '../document.ts'
import { cellOf, chartOf, shortNames, tableOf } from '../labels.ts'

export function speechSection(result: ComparisonResult): Section[] {
  const { speech: levels, pareto, recommendation, reference, input } = result
  if (levels.length === 0) return []
  const noted = levels.map(level => ({
    ...level,
    ...(level.madeFrom === null ? {} : { note: `made of ${level.madeFrom} weights` }),
  }))
  return [
    {
      id: 'speech',
      title: 'Speech',
      blocks: [
        {
          kind: 'text',
          text: `${counted(levels.length, 'level')} heard ${counted(input.speechClips, 'clip')} with ${counted(input.referenceWords, 'word')} in ${counted(input.rounds.speech, 'round')}, in shuffled order. Each is held against the reference of its family, marked ◆; the run’s reference is ${reference.speech}.`,
        },
        ...chartOf(
          pareto.speech,
          'Errors against time; the area is memory. Hollow points are dominated.',
          shortNames(levels.map(({ name }) => name)),
          recommendation.speech,
        ),
        ...tableOf(
          'Accuracy of speech levels',
          [
            ...['wordErrorRate', 'characterErrorRate', 'wordErrorRateToReference'],
            ...['notWorseShare', 'inventedWords', 'repeatedDecodingShare'],
          ],
          noted,
        ),
        ...tableOf(
          'Time of speech levels',
          ['inferenceMs', 'realTimeFactor', 'cpuSecondsPerAudioSecond', 'joulesPerTurn'],
          noted,
        ),
        ...tableOf('Size of speech levels', ['fileBytes', 'bitsPerWeight', 'residentBytes', 'loadMs'], noted),
        ...byLength(levels),
        ...worst(levels, recommendation.speech ?? reference.speech),
      ],
    },
  ]
}

function byLength(levels: readonly SpeechLevel[]): Table[] {
  const bins = levels.flatMap(({ realTimeFactorByLength }) => realTimeFactorByLength)
  const starts = [...new Set(bins.map(({ fromSeconds }) => fromSeconds))].sort((a, b) => a - b)
  if (starts.length < 2) return []
  return [
    {
      kind: 'table',
      caption: 'Real-time factor by clip length',
      columns: starts.map(start => {
        const end = bins.find(({ fromSeconds }) => fromSeconds === start)?.belowSeconds ?? null
        return { label: end === null ? `from ${start} s` : `${start} to ${end} s`, unit: '× audio' }
      }),
      rows: levels.map(({ name, reference, realTimeFactorByLength }) => ({
        name,
        reference: reference === null,
        cells: starts.map(start => {
          const bin = realTimeFactorByLength.find(({ fromSeconds }) => fromSeconds === start)
          return bin === undefined ? { text: '–' } : cellOf(bin.figure)
        }),
      })),
    },
  ]
}

/** Of the recommended level and of the one with most errors: what they got wrong. */
function worst(levels: readonly SpeechLevel[], chosen: string | null) {
  const erring = levels
    .filter(({ worstClips }) => worstClips.length > 0)
    .sort((a, b) => (b.figures.wordErrorRate.value ?? 0) - (a.figures.wordErrorRate.value ?? 0))
  const shown = new Set([erring.find(({ name }) => name === chosen), erring[0]])
  return [...shown].flatMap(level =>
    level === undefined
      ? []
      : [{ kind: 'diffs' as const, caption: `Worst clips of ${level.name}`, diffs: level.worstClips }],
  )
}
