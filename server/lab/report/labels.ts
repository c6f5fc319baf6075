import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { Front } from '../../protocol/comparisonResult.ts'
import { writtenNumber, writtenRatio, writtenValue } from '../wording.ts'
import type { Cell, Chart, Table } from './document.ts'

/** What the figures are called in reports. */
export const figureLabels: Readonly<Record<string, string>> = {
  fileBytes: 'File',
  bitsPerWeight: 'Bits per weight',
  loadMs: 'Cold load',
  residentBytes: 'Memory',
  inferenceMs: 'Time to hear a clip',
  realTimeFactor: 'Real-time factor',
  wordErrorRate: 'Word error rate',
  characterErrorRate: 'Character error rate',
  wordErrorRateToReference: 'Words unlike the reference',
  notWorseShare: 'Clips not worse',
  inventedWords: 'Invented words',
  repeatedDecodingShare: 'Decoded twice',
  cpuSecondsPerAudioSecond: 'CPU per second of audio',
  cpuSecondsPerAnswer: 'CPU per answer',
  cpuSecondsPerTurn: 'CPU per turn',
  joulesPerTurn: 'Energy per turn',
  gpuShare: 'On the GPU',
  promptTokensPerSecond: 'Prompt speed',
  tokensPerSecond: 'Answer speed',
  firstTokenMs: 'First token',
  firstClauseMs: 'First clause',
  timePerOutputTokenMs: 'Time per token',
  outputTokens: 'Answer length',
  exactMatchShare: 'Same answers',
  firstDivergingToken: 'Same tokens at first',
  tokenAgreement: 'Next token agrees',
  klTop20: 'Divergence',
  checkedRight: 'Checked answers right',
  turnDecidedMs: 'Turn decided',
  commitMs: 'Commit',
  transcriptMs: 'Transcript',
  firstAudioMs: 'First audio',
  firstSoundMs: 'First sound',
  playbackStartedMs: 'Playback started',
  replyDoneMs: 'Reply done',
  changedTranscriptShare: 'Transcripts changed',
  changedAnswerShare: 'Answers changed by that',
}

export const labelOf = (figure: string) => figureLabels[figure] ?? figure

/** A figure in a table: its value, what it is beside the reference, and how sure that is. */
export function cellOf(figure: Figure): Cell {
  const { value, unit, n, interval, verdict } = figure
  if (value === null) return { text: '–' }
  const beside = besideReference(figure)
  return {
    text: writtenNumber(unit === 'bytes' ? value / 1e6 : value),
    // A departure from the reference is its own difference; saying it twice says nothing.
    ...(beside === null || figure.differenceToReference === value ? {} : { beside }),
    verdict,
    detail: [
      interval === null ? null : `95 %: ${interval.map(bound => writtenValue(bound, unit)).join(' to ')}`,
      figure.ratioInterval === null ? null : `ratio ${figure.ratioInterval.map(writtenRatio).join(' to ')}`,
      figure.differenceInterval === null
        ? null
        : `difference ${figure.differenceInterval.map(bound => writtenValue(bound, unit)).join(' to ')}`,
      `n = ${n}`,
    ]
      .filter(part => part !== null)
      .join(', '),
  }
}

/** Rates in percent, counts and divergences by points, sizes and times by factors; null where it is not compared. */
export function besideReference({
  ratioToReference,
  differenceToReference,
  unit,
  differenceInterval,
}: Figure): string | null {
  const isPoints = unit === '%' || unit === 'words' || unit === 'nats' || differenceInterval !== null
  if (isPoints) return differenceToReference === null ? null : signed(differenceToReference)
  return ratioToReference === null ? null : writtenRatio(ratioToReference)
}

const signed = (value: number) => (value === 0 ? '±0' : `${value > 0 ? '+' : ''}${writtenNumber(value)}`)

/** A table of arms by figures; figures that no arm has are left out, and so is the table when none is left. */
export function tableOf(
  caption: string,
  figures: readonly string[],
  arms: readonly { name: string; reference: string | null; note?: string; figures: Record<string, Figure> }[],
): Table[] {
  const shown = figures.filter(figure => arms.some(arm => (arm.figures[figure]?.value ?? null) !== null))
  if (shown.length === 0 || arms.length === 0) return []
  return [
    {
      kind: 'table',
      caption,
      columns: shown.map(figure => {
        const unit = arms[0]?.figures[figure]?.unit ?? ''
        const label = labelOf(figure)
        if (label.toLowerCase().includes(unit)) return { label }
        return { label, unit: unit === 'bytes' ? 'MB' : unit }
      }),
      rows: arms.map(arm => ({
        name: arm.name,
        reference: arm.reference === null,
        ...(arm.note === undefined ? {} : { note: arm.note }),
        cells: shown.map(figure => {
          const one = arm.figures[figure]
          return one === undefined ? { text: '–' } : cellOf(one)
        }),
      })),
    },
  ]
}

/** A front as a chart; none of a single point. */
export function chartOf(
  front: Front,
  caption: string,
  names: Chart['shortNames'],
  best: string | null,
): Chart[] {
  if (front.points.length < 2) return []
  return [{ kind: 'chart', caption, front, shortNames: names, recommended: best === null ? [] : [best] }]
}

/** Names without what all of them begin with, cut at a separator: `q8_0` for `whisper-tiny.en-q8_0` among its levels. */
export function shortNames(names: readonly string[]): Record<string, string> {
  const first = names[0] ?? ''
  let common = 0
  while (common < first.length && names.every(name => name[common] === first[common])) common++
  const cut = Math.max(first.lastIndexOf('-', common - 1), first.lastIndexOf(':', common - 1)) + 1
  return Object.fromEntries(names.map(name => [name, names.length > 1 ? name.slice(cut) : name]))
}
