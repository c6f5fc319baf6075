import type { FieldStatistics, Summary, SummaryGroup } from '../../server/protocol/turnQueries.ts'
import { fixed } from '../../server/shared/figures.ts'
import { bytes, duration, forNothing } from '../figures.ts'

type Figure = { path: string; text: string; format(value: number): string }

const ms = (path: string, text: string): Figure => ({ path, text, format: duration })
const memory = (path: string, text: string): Figure => ({ path, text, format: bytes })

/** The figures that a summary can be read by. */
export const summaryFigures: readonly [Figure, ...Figure[]] = [
  ms('fromSpeechEnd.firstTokenMs', 'speech end → first token'),
  ms('fromSpeechEnd.firstAudioMs', 'speech end → first audio'),
  ms('fromSpeechEnd.transcriptMs', 'speech end → transcript'),
  ms('fromSpeechEnd.replyDoneMs', 'speech end → reply done'),
  ms('speech.inferenceMs', 'transcription'),
  ms('llm.timeToFirstTokenMs', 'time to first token'),
  { path: 'llm.tokensPerSecond', text: 'tokens a second', format: value => `${fixed(value, 0)} /s` },
  memory('memory.speechResidentBytes', 'memory of speech'),
  memory('memory.llmResidentBytes', 'memory of answers'),
]

export type SummaryRow = {
  llmModel: string | null
  speechModel: string | null
  n: number
  coldN: number
  failures: number
  /** What was asked at pauses for nothing; null where nothing was. */
  wasted: string | null
  /** Of warm, answered turns; null where no such turn has the figure. */
  statistics: FieldStatistics | null
}

/** One figure of each combination, those with the figure first, smallest median first. */
export function summaryRows({ groups }: Summary, path: string): SummaryRow[] {
  return groups
    .map(({ keys, n, coldN, failures, wasted, timings }: SummaryGroup) => ({
      llmModel: keys.llmModel ?? null,
      speechModel: keys.speechModel ?? null,
      ...{ n, coldN, failures, wasted: forNothing(wasted.outputTokens, wasted.engineMs) },
      statistics: timings[path] ?? null,
    }))
    .sort((a, b) => (a.statistics?.p50 ?? Infinity) - (b.statistics?.p50 ?? Infinity) || 0)
}

/** The right end of the bars: the largest of all that is drawn. */
export function summaryScale(rows: readonly SummaryRow[]): number {
  const drawn = rows.flatMap(({ statistics }) => [
    statistics?.p50,
    statistics?.p95,
    statistics?.interval?.[1],
  ])
  return Math.max(0, ...drawn.filter(value => typeof value === 'number')) || 1
}

export function modelsIn({ groups }: Summary): { llm: string[]; speech: string[] } {
  const names = (key: string) => [...new Set(groups.flatMap(({ keys }) => keys[key] ?? []))].sort()
  return { llm: names('llmModel'), speech: names('speechModel') }
}

export function turnsIn({ groups }: Summary): number {
  return groups.reduce((sum, { n }) => sum + n, 0)
}
