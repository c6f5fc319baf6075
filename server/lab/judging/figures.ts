import type { Figure, FigureItem, Interval, Margin } from '../../protocol/comparisonFigures.ts'
import { describe, medianInterval } from '../../record/statistics.ts'
import { median } from '../../shared/quantiles.ts'
import { byCluster, type Measured, mean, paired } from './measured.ts'
import { bootstrapInterval } from './statistics/bootstrap.ts'
import { wilsonInterval } from './statistics/exactTests.ts'
import { repeatInterval } from './statistics/repeatability.ts'
import { verdictOn } from './verdict.ts'

/** How a figure is named for the draws of its bootstrap, shown, and judged. */
export type FigureRule = { key: string; unit: string; margin: Margin | undefined }

/** What goes into `byItem`; six digits are more than any clock is good for. */
export const itemsOf = (
  entries: Iterable<readonly [of: string, value: number, weight?: number, block?: number | undefined]>,
): Record<string, FigureItem> =>
  Object.fromEntries(
    [...entries].map(([of, value, weight = 1, block]) => {
      const item = { value: Number(value.toPrecision(6)), weight }
      return [of, block === undefined ? item : { ...item, block }]
    }),
  )

/** A figure that was not measured, or is not compared with anything. */
export function plainFigure(unit: string, value: number | null = null, n = value === null ? 0 : 1): Figure {
  return {
    ...{ value, unit, n, interval: null, p90: null, p95: null },
    ...{ ratioToReference: null, ratioInterval: null, differenceToReference: null },
    ...{ differenceInterval: null, verdict: 'not-tested', byItem: null },
  }
}

/** `figure` with what it differs by and the verdict on it. */
export function compared(figure: Figure, difference: Partial<Figure>, margin: Margin | undefined): Figure {
  const differing = { ...figure, ...difference }
  return { ...differing, verdict: verdictOn(differing, margin) }
}

/**
 * A time, speed or size that is measured again and again: the median over clips (of a clip, over its rounds) with
 * its distribution-free interval, and beside the reference the geometric mean over blocks (clips, where there are none)
 * of the median ratio in each, every clip and question paired with itself in the same round. So neither long clips nor
 * a slow minute of the machine decide. The ratio's interval is where that of another such run would lie.
 *
 * @param reference null for the reference itself
 */
export function timingFigure(
  own: readonly Measured[],
  reference: readonly Measured[] | null,
  { unit, margin }: Omit<FigureRule, 'key'>,
): Figure {
  const byItem = itemsOf(
    [...byCluster(own)].map(([of, cluster]) => [
      of,
      median(cluster.map(({ value }) => value)),
      1,
      cluster[0]?.block,
    ]),
  )
  const medians = Object.values(byItem)
    .map(({ value }) => value)
    .sort((a, b) => a - b)
  const { n, p50, p90, p95 } = describe(medians)
  const figure = { ...plainFigure(unit, p50, n), interval: medianInterval(medians), p90, p95, byItem }
  if (reference === null) return figure
  const clusters = paired(own, reference)
    .map(cluster => cluster.filter(pair => pair.own > 0 && pair.reference > 0))
    .filter(({ length }) => length > 0)
  if (clusters.length === 0) return figure
  const logRatios = clusters.map(cluster => median(cluster.map(pair => Math.log(pair.own / pair.reference))))
  const interval = repeatInterval(logRatios)
  const difference = mean(clusters.map(cluster => median(cluster.map(pair => pair.own - pair.reference))))
  return compared(
    figure,
    {
      ratioToReference: Math.exp(mean(logRatios)),
      ratioInterval: interval && [Math.exp(interval[0]), Math.exp(interval[1])],
      differenceToReference: difference,
    },
    margin,
  )
}

/** Errors and length of one clip, of both arms. */
export type PairedErrors = {
  of: string
  own: { errors: number; length: number }
  reference: { errors: number } | null
}

/**
 * An error rate in percent: errors by length over all clips, with its bootstrap interval by clip, and its difference
 * to the reference's over the same clips in percentage points.
 */
export function errorRateFigure(clips: readonly PairedErrors[], { key, unit, margin }: FigureRule): Figure {
  const clusters = clips.map(clip => [clip])
  const rate =
    (read: (clip: PairedErrors) => number) =>
    (sample: readonly (readonly PairedErrors[])[]): number | null => {
      const drawn = sample.flat()
      const length = drawn.reduce((total, clip) => total + clip.own.length, 0)
      return length === 0 ? null : (drawn.reduce((total, clip) => total + read(clip), 0) / length) * 100
    }
  const ownRate = rate(clip => clip.own.errors)
  const value = ownRate(clusters)
  const interval = bootstrapInterval(clusters, ownRate, `${key} own`)
  const length = clips.reduce((total, { own }) => total + own.length, 0)
  // What is heard where nothing is said has no rate of its own.
  const spoken = clips.filter(({ own }) => own.length > 0)
  const byItem = itemsOf(spoken.map(({ of, own }) => [of, (own.errors / own.length) * 100, own.length]))
  const figure = { ...plainFigure(unit, value, clips.length), interval, byItem: length === 0 ? null : byItem }
  if (value === null || clips.some(({ reference }) => reference === null)) return figure
  const referenceRate = rate(clip => clip.reference?.errors ?? 0)
  const differenceRate = rate(clip => clip.own.errors - (clip.reference?.errors ?? 0))
  const other = referenceRate(clusters)
  return compared(
    figure,
    {
      ratioToReference: other === null || other === 0 ? null : value / other,
      differenceToReference: differenceRate(clusters),
      differenceInterval: bootstrapInterval(clusters, differenceRate, key),
    },
    margin,
  )
}

/** A share in percent of `n` trials with its Wilson interval. */
export function shareFigure(hits: number, n: number): Figure {
  if (n === 0) return plainFigure('%')
  const percent = (interval: Interval | null): Interval | null =>
    interval && [interval[0] * 100, interval[1] * 100]
  return { ...plainFigure('%', (hits / n) * 100, n), interval: percent(wilsonInterval(hits, n)) }
}

/**
 * A size that is read, not sampled (bytes of a file, resident memory): the median of the readings. Its "interval" beside
 * the reference is the range over all pairs of readings: they scatter little, and a run has few of them.
 */
export function readingFigure(
  own: readonly number[],
  reference: readonly number[] | null,
  { unit, margin }: Omit<FigureRule, 'key'>,
): Figure {
  if (own.length === 0) return plainFigure(unit)
  const value = median(own)
  const figure = plainFigure(unit, value, own.length)
  if (reference === null || reference.length === 0 || Math.min(...reference) <= 0) return figure
  return compared(
    figure,
    {
      ratioToReference: value / median(reference),
      ratioInterval: [Math.min(...own) / Math.max(...reference), Math.max(...own) / Math.min(...reference)],
      differenceToReference: value - median(reference),
    },
    margin,
  )
}

/**
 * The mean of values that are 0 (or 100 %) for the reference by definition, such as a divergence from it, with its
 * bootstrap interval by cluster; the difference is that to `none`.
 */
export function departureFigure(
  measured: readonly Measured[],
  none: number,
  { key, unit, margin }: FigureRule,
): Figure {
  if (measured.length === 0) return plainFigure(unit)
  const clusters = [...byCluster(measured).values()].map(cluster => cluster.map(({ value }) => value))
  const overall = (sample: readonly (readonly number[])[]) => mean(sample.flat())
  const value = overall(clusters)
  const interval = bootstrapInterval(clusters, overall, key)
  const byItem = itemsOf(
    [...byCluster(measured)].map(([of, cluster]) => [
      of,
      mean(cluster.map(one => one.value)),
      cluster.length,
    ]),
  )
  return compared(
    { ...plainFigure(unit, value, measured.length), interval, byItem },
    {
      differenceToReference: value - none,
      differenceInterval: interval && [interval[0] - none, interval[1] - none],
    },
    margin,
  )
}
