import { ticks } from './axis.ts'
import type { Bar } from './waterfallBars.ts'

/** What an axis shows, milliseconds from speech end. */
export type Scale = { fromMs: number; toMs: number; marks: number[] }

/** Where the bars of a turn begin and end. */
export type Span = { fromMs: number; toMs: number }

/** A turn that took more than so many times as long as the middle one is marked at the edge: shown whole, it would flatten the others. */
const OUTLIER = 3
/** Of fewer turns than that one knows less of what is usual. */
const FEW = 4
const OUTLIER_OF_FEW = 8
const WANTED_MARKS = 5
/** The axis ends at one of them, so that it moves now and then while a bar grows, not always. */
const STEPS_TO_A_MARK = 5

export function spanOf(bars: readonly Bar[]): Span {
  return {
    fromMs: bars.reduce((least, { startMs }) => Math.min(least, startMs), 0),
    toMs: bars.reduce((most, { endMs }) => Math.max(most, endMs), 0),
  }
}

/** The largest of the values that are not far above the middle one; 0 for none. */
export function inlierLimit(values: readonly number[]): number {
  const ascending = values.filter(value => value > 0).sort((a, b) => a - b)
  // Of two the smaller one, so that a first turn that loaded its models is told apart from the second.
  const middle = ascending[Math.floor((ascending.length - 1) / 2)] ?? 0
  const most = middle * (ascending.length < FEW ? OUTLIER_OF_FEW : OUTLIER)
  return ascending.findLast(value => value <= most) ?? 0
}

/**
 * One axis for all of these turns, up to or a little above what the longest usual one took. Work that began before speech end may
 * take a quarter of it.
 */
export function sharedScale(spans: readonly Span[]): Scale {
  const limit = inlierLimit(spans.map(({ toMs }) => toMs))
  if (limit === 0) return { fromMs: 0, toMs: 1, marks: [] }
  const [first = 0, second = limit] = ticks(0, limit, WANTED_MARKS)
  const step = (second - first) / STEPS_TO_A_MARK
  const toMs = Math.ceil(limit / step - 1e-9) * step
  const fromMs = Math.max(-toMs / 4, Math.min(0, ...spans.map(({ fromMs }) => fromMs)))
  const marks = ticks(0, toMs, WANTED_MARKS)
  return { fromMs, toMs, marks }
}

/** Whether that is beyond the right edge, where it is marked and not drawn. */
export const isBeyond = (ms: number, { toMs }: Scale) => ms > toMs * (1 + 1e-9)

/** Where a moment lies on the axis, as CSS has it; what is beyond an edge lies on it. */
export function placeOf(ms: number, { fromMs, toMs }: Scale): string {
  const within = Math.min(Math.max(ms, fromMs), toMs)
  return `${(((within - fromMs) / (toMs - fromMs)) * 100).toFixed(3)}%`
}

/** How wide that is; at most the whole axis. */
export function widthOf(startMs: number, endMs: number, { fromMs, toMs }: Scale): string {
  const clip = (ms: number) => Math.min(Math.max(ms, fromMs), toMs)
  return `${(((clip(endMs) - clip(startMs)) / (toMs - fromMs)) * 100).toFixed(3)}%`
}
