import type { Figure, Interval, Margin, Verdict } from '../../protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { counted, writtenNumber, writtenRatio, writtenValue } from '../wording.ts'
import { mean, sum } from './measured.ts'
import { bootstrapInterval } from './statistics/bootstrap.ts'
import { differenceInterval } from './statistics/exactTests.ts'
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

export type RunComparison = {
  /** True when a figure is worse beyond its margin, or an arm fails that did not. */
  regressed: boolean
  /** Of other machines, times and speeds are compared as ratios to each run's own reference. */
  sameMachine: boolean
  compared: number
  differences: RunDifference[]
  /** A line each, what is worse first; the last one sums up. */
  text: string
}

/** Sizes read from files and processes, exact enough to be held against the margin without an interval. */
const readings = new Set(['fileBytes', 'bitsPerWeight', 'residentBytes'])

/**
 * Holds a run against an earlier one by the margins of the earlier one, each clip and question paired with itself
 * (bootstrap). Ratios of another machine are not paired: the intervals of both runs make that of the change (MOVER).
 */
export function compareRuns(result: ComparisonResult, baseline: ComparisonResult): RunComparison {
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
    regressed: worse.length > 0 || failed.length > 0,
    sameMachine,
    compared: differences.length,
    differences: [...worse, ...better],
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
const armsOf = ({ speech, llm, pairs }: ComparisonResult): Arm[] => [...speech, ...llm, ...pairs]

function differenceOf(
  arm: string,
  figure: string,
  own: Figure,
  other: Figure,
  margin: Margin,
  sameMachine: boolean,
): RunDifference | null {
  const relative = margin.kind === 'ratio' && !sameMachine && !readings.has(figure)
  const [now, before] = relative ? [own.ratioToReference, other.ratioToReference] : [own.value, other.value]
  if (now === null || before === null) return null
  const interval = relative
    ? ratioOfRatios(own, other)
    : readings.has(figure)
      ? exactRatio(now, before)
      : pairedInterval(own.byItem, other.byItem, margin.kind, `${arm} ${figure} in two runs`)
  if (interval === null) return null
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

/** Of the geometric mean ratio, or of the difference of the sums, over the clips or questions that both runs have. */
function pairedInterval(
  own: Figure['byItem'],
  other: Figure['byItem'],
  kind: Margin['kind'],
  key: string,
): Interval | null {
  if (own === null || other === null) return null
  const pairs = Object.entries(own).flatMap(([item, now]) => {
    const before = other[item]
    return before === undefined || (kind === 'ratio' && (now <= 0 || before <= 0)) ? [] : [[{ now, before }]]
  })
  return bootstrapInterval(
    pairs,
    sample => {
      const drawn = sample.flat()
      return kind === 'ratio'
        ? Math.exp(mean(drawn.map(({ now, before }) => Math.log(now / before))))
        : sum(drawn.map(({ now, before }) => now - before))
    },
    key,
  )
}

/** Of a reading, which has no scatter worth the name. */
const exactRatio = (now: number, before: number): Interval | null =>
  before > 0 ? [now / before, now / before] : null

/** Of the change of a ratio to the reference: both intervals go into it. */
function ratioOfRatios(own: Figure, other: Figure): Interval | null {
  const onLogarithms = ({ ratioToReference: ratio, ratioInterval: interval }: Figure) =>
    ratio === null || interval === null
      ? null
      : { value: Math.log(ratio), interval: [Math.log(interval[0]), Math.log(interval[1])] as Interval }
  const [a, b] = [onLogarithms(own), onLogarithms(other)]
  if (a === null || b === null) return null
  const [low, high] = differenceInterval(a, b)
  return [Math.exp(low), Math.exp(high)]
}
