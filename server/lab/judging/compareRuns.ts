import type { Figure, FigureItem, Interval, Margin, Verdict } from '../../protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { counted } from '../../shared/figures.ts'
import { median } from '../../shared/quantiles.ts'
import { writtenNumber, writtenRatio, writtenValue } from '../wording.ts'
import { sum } from './measured.ts'
import { bootstrapInterval } from './statistics/bootstrap.ts'
import { changeInterval } from './statistics/repeatability.ts'
import { verdictOn } from './verdict.ts'

/** One figure of one arm in two runs. `change` is `worse` only when the whole interval lies beyond the margin. */
export type RunDifference = {
  arm: string
  figure: string
  before: number
  now: number
  unit: string
  change: Verdict
  text: string
}

export type RunComparison = ReturnType<typeof compareRuns>

/** Sizes read from files and processes, exact enough to be held against the margin without an interval. */
const readings = new Set(['fileBytes', 'bitsPerWeight', 'residentBytes'])

/**
 * Holds a run against an earlier one by the margins of the earlier one, each clip and question paired with itself: times
 * by what lies between the processes of either run, rates by a bootstrap. Ratios of another machine are not paired: the
 * intervals of both runs make that of the change.
 */
export function compareRuns(result: ComparisonResult, baseline: ComparisonResult) {
  const sameMachine =
    result.environment.cpu === baseline.environment.cpu &&
    result.environment.memoryBytes === baseline.environment.memoryBytes
  const now = new Map(armsOf(result).map(arm => [arm.name, arm]))
  const differences: RunDifference[] = []
  const failed: string[] = []
  const absent: string[] = []
  for (const earlier of armsOf(baseline)) {
    const own = now.get(earlier.name)
    if (own === undefined) {
      absent.push(`${earlier.name} was compared then and is not now.`)
      continue
    }
    if (own.failures > 0 && earlier.failures === 0) {
      failed.push(`${own.name} failed ${counted(own.failures, 'time')}; it did not then.`)
    }
    for (const [figure, margin] of Object.entries(baseline.margins)) {
      const [mine, other] = [own.figures[figure], earlier.figures[figure]]
      if (mine === undefined || other === undefined) continue
      const difference = differenceOf(own.name, figure, mine, other, margin, sameMachine)
      if (difference !== null) differences.push(difference)
    }
  }
  const worse = differences.filter(({ change }) => change === 'worse')
  const better = differences.filter(({ change }) => change === 'better')
  const machines = sameMachine
    ? []
    : ['Another machine: times and speeds are compared by their ratios to the reference of each run.']
  return {
    /** True when a figure is worse beyond its margin, or an arm fails that did not. */
    regressed: worse.length > 0 || failed.length > 0,
    /** Of other machines, times and speeds are compared as ratios to each run's own reference. */
    sameMachine,
    compared: differences.length,
    differences: [...worse, ...better],
    /** A line each, what is worse first; the last one sums up. */
    text: [
      ...machines,
      ...failed,
      ...[...worse, ...better].map(({ text }) => text),
      ...absent,
      `${counted(differences.length, 'figure')} compared with run ${baseline.id}: ${worse.length} worse and ${better.length} better beyond their margins.`,
    ].join('\n'),
  }
}

type Arm = { name: string; failures: number; figures: Record<string, Figure | undefined> }
const armsOf = ({ speech, llm, voices, pairs }: ComparisonResult): Arm[] => [
  ...speech,
  ...llm,
  ...voices,
  ...pairs,
]

function differenceOf(
  arm: string,
  figure: string,
  own: Figure,
  other: Figure,
  margin: Margin,
  sameMachine: boolean,
): RunDifference | null {
  const relative = margin.kind === 'ratio' && !sameMachine && !readings.has(figure)
  const changeOf = () => {
    if (relative) return ratioOfRatios(own, other)
    if (readings.has(figure)) return exactRatio(own.value, other.value)
    const pairs = pairsOf(own.byItem, other.byItem)
    return margin.kind === 'ratio' ? pairedTimes(pairs) : pairedRates(pairs, `${arm} ${figure} in two runs`)
  }
  const found = changeOf()
  if (found === null) return null
  const { now, before, interval } = found
  const unit = relative ? '× reference' : own.unit
  const change = verdictOn({ ratioInterval: interval, differenceInterval: interval }, margin)
  const written = (value: number) => (relative ? writtenRatio(value) : writtenValue(value, unit))
  return {
    ...{ arm, figure, before, now, unit, change },
    text: `${arm}: ${figure} is ${change}: ${written(now)} instead of ${written(before)} (95 % interval of the ${
      margin.kind === 'ratio'
        ? `ratio: ${interval.map(writtenRatio).join(' to ')}`
        : `difference: ${interval.map(writtenNumber).join(' to ')}`
    }).`,
  }
}

type Change = { now: number; before: number; interval: Interval }

type Pair = { now: FigureItem; before: FigureItem }

/** What both runs did of the same clips or questions. */
function pairsOf(own: Figure['byItem'], other: Figure['byItem']): Pair[] {
  return Object.entries(own ?? {}).flatMap(([item, now]) => {
    const before = other?.[item]
    return before === undefined ? [] : [{ now, before }]
  })
}

/** Medians, and the geometric mean of each clip's ratio to itself. */
function pairedTimes(all: readonly Pair[]): Change | null {
  const pairs = all.filter(({ now, before }) => now.value > 0 && before.value > 0)
  const interval = changeInterval(
    pairs.map(({ now, before }) => ({
      value: Math.log(now.value / before.value),
      now: now.block ?? null,
      before: before.block ?? null,
    })),
  )
  return (
    interval && {
      now: median(pairs.map(({ now }) => now.value)),
      before: median(pairs.map(({ before }) => before.value)),
      interval: [Math.exp(interval[0]), Math.exp(interval[1])],
    }
  )
}

/** An item weighs what it did in the earlier run, since a budget may have ended in the middle of a round. */
function pairedRates(pairs: readonly Pair[], key: string): Change | null {
  const rate = (some: readonly Pair[], read: (pair: Pair) => number) =>
    sum(some.map(pair => read(pair) * pair.before.weight)) / sum(some.map(({ before }) => before.weight))
  const interval = bootstrapInterval(
    pairs.map(pair => [pair]),
    sample => rate(sample.flat(), ({ now, before }) => now.value - before.value),
    key,
  )
  return (
    interval && {
      now: rate(pairs, ({ now }) => now.value),
      before: rate(pairs, ({ before }) => before.value),
      interval,
    }
  )
}

/** Of a reading, which has no scatter worth the name. */
const exactRatio = (now: number | null, before: number | null): Change | null =>
  now !== null && before !== null && before > 0
    ? { now, before, interval: [now / before, now / before] }
    : null

/**
 * Of the change of a ratio to the reference. The interval of each run holds the scatter of two runs like it, so the two
 * runs together have the root of the mean of both squares.
 */
function ratioOfRatios(own: Figure, other: Figure): Change | null {
  const onLogarithms = ({ ratioToReference: ratio, ratioInterval: interval }: Figure) =>
    ratio === null || interval === null ? null : { ratio, half: Math.log(interval[1] / interval[0]) / 2 }
  const [a, b] = [onLogarithms(own), onLogarithms(other)]
  if (a === null || b === null) return null
  const factor = Math.exp(Math.hypot(a.half, b.half) / Math.SQRT2)
  const change = a.ratio / b.ratio
  return { now: a.ratio, before: b.ratio, interval: [change / factor, change * factor] }
}
