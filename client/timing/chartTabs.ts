import { fixed } from '../../server/shared/figures.ts'
import { bytes, duration, milliseconds } from '../figures.ts'
import type { Metric } from './latencySeries.ts'

/** How a figure is written: whole, and beside the axis, where all have one unit. */
export type MetricText = {
  title: string
  note: string
  write(value: number): string
  /** Shorter, beside the chart, whose heading has the unit. */
  label(value: number): string
  marks(values: number[]): string[]
}

/** From here on the marks of an axis are in the larger unit. */
const SECONDS_FROM_MS = 10_000

const time = (title: string): MetricText => ({
  ...{ title, note: 'after speech end', write: duration },
  label: ms => (ms < SECONDS_FROM_MS ? fixed(ms, 0) : duration(ms)),
  marks: values =>
    Math.max(...values) >= SECONDS_FROM_MS
      ? values.map(ms => `${fixed(ms / 1000, 0)} s`)
      : values.map(ms => (ms === 0 ? '0' : milliseconds(ms).replace(/\.0$/, ''))),
})

export const metricTexts: Readonly<Record<Metric, MetricText>> = {
  firstTokenMs: time('First token, ms'),
  firstAudioMs: time('First audio, ms'),
  memoryBytes: {
    ...{ title: 'Memory', note: 'of both engines after a turn', write: bytes, label: bytes },
    marks: values =>
      Math.max(...values) >= 1e9
        ? values.map(value => `${Number((value / 1e9).toFixed(2))} GB`)
        : values.map(value => `${Math.round(value / 1e6)} MB`),
  },
  tokensPerSecond: {
    label: value => fixed(value, value < 9.95 ? 1 : 0),
    ...{ title: 'Tokens a second', note: 'while an answer is generated' },
    write: value => `${fixed(value, value < 9.95 ? 1 : 0)} /s`,
    marks: values => values.map(value => String(Number(value.toFixed(2)))),
  },
}

export type ChartTab = { id: string; name: string; metrics: Metric[] }

/** What can be seen of the turns. Word errors are not of them: nobody wrote down what was really said. */
export const chartTabs: readonly [ChartTab, ...ChartTab[]] = [
  { id: 'latency', name: 'Latency', metrics: ['firstTokenMs', 'firstAudioMs'] },
  { id: 'memory', name: 'Memory', metrics: ['memoryBytes'] },
  { id: 'tokens', name: 'Tokens/s', metrics: ['tokensPerSecond'] },
]
