import type { TurnRecord } from '../../server/protocol/record.ts'
import { counted } from '../../server/shared/figures.ts'
import { median } from '../../server/shared/quantiles.ts'
import { levelName } from '../../server/shared/quantization.ts'
import { inlierLimit } from './scale.ts'

export const metrics = ['firstTokenMs', 'firstAudioMs', 'memoryBytes', 'tokensPerSecond'] as const
export type Metric = (typeof metrics)[number]

/** The turns of one pair of models. `color` and `dash` number its LLM tag and its speech level, from 0. */
export type Combination = {
  key: string
  llmModel: string
  llmLevel: string
  /** Null for typed turns. */
  speechModel: string | null
  speechLevel: string | null
  color: number
  dash: number
  /** Values by place of the turn, null where the turn is another's; those of turns that loaded a model stand apart. */
  warm: Record<Metric, (number | null)[]>
  cold: Record<Metric, (number | null)[]>
  /** Of the warm turns. */
  median: Record<Metric, number | null>
  turns: number
  coldTurns: number
}

export type LatencySeries = {
  /** Turns on the axis. */
  count: number
  combinations: Combination[]
}

/**
 * Answered turns, oldest first, as one row of values for each combination of LLM tag and speech level, in the order in which they
 * first occur. The lab's turns have reports of their own. Cold turns are in no median: they would make the model that was switched to look slow.
 */
export function latencySeries(records: readonly TurnRecord[]): LatencySeries {
  const answered = records.filter(
    ({ source, llm, fromSpeechEnd }) =>
      source !== 'comparison' && llm.model !== null && fromSpeechEnd.firstTokenMs !== null,
  )
  const tags = [...new Set(answered.map(({ llm }) => llm.model))]
  const levels = [...new Set(answered.map(({ speech }) => speech.model))]
  const combinations = new Map<string, Combination>()
  const blank = () => byMetric(() => answered.map(() => null) as (number | null)[])

  for (const [place, record] of answered.entries()) {
    const { llm, speech } = record
    const key = JSON.stringify([llm.model, speech.model])
    let combination = combinations.get(key)
    if (combination === undefined) {
      combination = {
        key,
        llmModel: llm.model ?? '',
        llmLevel: levelName(llm.quantization) ?? llm.model ?? '',
        speechModel: speech.model,
        speechLevel: levelName(speech.quantization),
        color: tags.indexOf(llm.model),
        dash: levels.indexOf(speech.model),
        warm: blank(),
        cold: blank(),
        median: byMetric((): number | null => null),
        turns: 0,
        coldTurns: 0,
      }
      combinations.set(key, combination)
    }
    const kind = isCold(record) ? 'cold' : 'warm'
    combination.turns++
    if (kind === 'cold') combination.coldTurns++
    for (const metric of metrics) combination[kind][metric][place] = figureOf(record, metric)
  }
  for (const combination of combinations.values()) {
    for (const metric of metrics) {
      const values = combination.warm[metric].filter(value => value !== null)
      combination.median[metric] = values.length === 0 ? null : median(values)
    }
  }
  return { count: answered.length, combinations: [...combinations.values()] }
}

/** What the engines of a turn held after it, as far as that is known; a typed turn has the language model's alone. */
export function memoryOf({ memory }: TurnRecord): number | null {
  const { llmResidentBytes, speechResidentBytes } = memory
  return llmResidentBytes === null ? null : llmResidentBytes + (speechResidentBytes ?? 0)
}

/** A model was loaded for it. */
export const isCold = ({ llm, speech }: TurnRecord): boolean => llm.cold === true || speech.cold === true

function byMetric<T>(make: () => T): Record<Metric, T> {
  return Object.fromEntries(metrics.map(metric => [metric, make()])) as Record<Metric, T>
}

function figureOf(record: TurnRecord, metric: Metric): number | null {
  if (metric === 'tokensPerSecond') return record.llm.tokensPerSecond
  return metric === 'memoryBytes' ? memoryOf(record) : record.fromSpeechEnd[metric]
}

/** Places of turns of a combination that have the figure and follow each other: where another level answered, none of it goes on. */
export function runsOf({ warm, cold }: Combination, metric: Metric): [first: number, last: number][] {
  const runs: [number, number][] = []
  for (const [place, value] of warm[metric].entries()) {
    if (value === null && cold[metric][place] === null) continue
    const last = runs.at(-1)
    if (last !== undefined && last[1] === place - 1) last[1] = place
    else runs.push([place, place])
  }
  return runs
}

/** Up to where an axis shows the figures; what is above is marked at its upper edge. */
export function limitOf({ combinations }: LatencySeries, metric: Metric): number {
  const all = combinations.flatMap(({ warm, cold }) => [...warm[metric], ...cold[metric]])
  return inlierLimit(all.filter(value => value !== null))
}

/** What the chart says, for those who cannot see it. */
export function inWords({ count, combinations }: LatencySeries): string {
  if (count === 0) return 'No answered turns yet.'
  const parts = combinations.map(({ llmModel, speechModel, turns, coldTurns, median }) => {
    const cold = coldTurns === 0 ? '' : `, ${coldTurns} of them cold`
    const moments = [
      ['first token', median.firstTokenMs],
      ['first audio', median.firstAudioMs],
    ].flatMap(([name, ms]) => (typeof ms === 'number' ? [`${name} ${Math.round(ms)} ms`] : []))
    const medians = moments.length === 0 ? 'no warm turn' : `median ${moments.join(', ')}`
    return `${llmModel} with ${speechModel ?? 'typed questions'}: ${counted(turns, 'turn')}${cold}, ${medians}.`
  })
  return `${counted(count, 'turn')}. ${parts.join(' ')}`
}
