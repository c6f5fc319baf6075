import { bootstrapInterval, klTop20 } from '../../../server/lab/index.ts'
import type { NextToken } from '../../../server/llm/probe.ts'
import { median } from '../../../server/shared/quantiles.ts'
import { textTable } from '../../commands/textTable.ts'

/** A type of cache, by what Ollama is started with. */
export type Arm = { name: string; env: Record<string, string> }
/** What one text came to. */
export type Reading = {
  promptTokens: number
  promptMs: number
  replyTokens: number
  replyMs: number
  next: NextToken[]
  bytes: number | null
}

type Pair = { own: NextToken; first: NextToken }
const agreement = (pairs: readonly Pair[]) =>
  (100 * pairs.filter(({ own, first }) => own.chosen === first.chosen).length) / pairs.length
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Each type beside the first, the same texts of both. */
export function table(arms: readonly Arm[], readings: readonly (readonly Reading[])[]): string {
  const [first = []] = readings
  const ratio = (own: readonly Reading[], speed: (reading: Reading) => number) =>
    median(own.map((one, at) => speed(one) / speed(first[at] ?? one)))?.toFixed(2) ?? '-'
  const row = ({ name }: Arm, own: readonly Reading[]): string[] => {
    const texts = own.map((one, at) =>
      one.next.flatMap((next, place): Pair[] => {
        const other = first[at]?.next[place]
        return other === undefined ? [] : [{ own: next, first: other }]
      }),
    )
    const interval = bootstrapInterval(texts, sample => agreement(sample.flat()), name)
    const pairs = texts.flat()
    const bytes = own.at(-1)?.bytes ?? null
    return [
      name,
      `${median(own.map(one => one.promptTokens))}`,
      ratio(own, one => one.promptTokens / one.promptMs),
      ratio(own, one => one.replyTokens / one.replyMs),
      bytes === null ? '-' : `${Math.round(bytes / 1e6)} MB`,
      `${agreement(pairs).toFixed(1)} %${interval === null ? '' : ` (${interval.map(end => end.toFixed(1)).join(' to ')})`} of ${pairs.length}`,
      mean(pairs.map(pair => klTop20(pair.first.top, pair.own.top))).toFixed(4),
    ]
  }
  return textTable([
    ['CACHE', 'PROMPT', 'READING', 'WRITING', 'MEMORY', 'SAME NEXT TOKEN', 'KL TOP 20'],
    ...arms.map((arm, at) => row(arm, readings[at] ?? [])),
  ])
}
