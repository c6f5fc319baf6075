import { bootstrapInterval } from '../../../server/lab/index.ts'
import { median, quantile } from '../../../server/shared/quantiles.ts'

/** Milliseconds by two ways, in turns: the difference of their medians with its 95 % bootstrap interval over the pairs. */
export function pairedDifference(pairs: readonly (readonly [number, number])[]): {
  firstMs: number
  secondMs: number
  differenceMs: number
  interval: [number, number] | null
} {
  const [first, second] = [pairs.map(([value]) => value), pairs.map(([, value]) => value)]
  const differences = pairs.map(([before, after]) => [after - before])
  return {
    firstMs: median(first),
    secondMs: median(second),
    differenceMs: median(differences.flat()),
    interval: bootstrapInterval(differences, sample => median(sample.flat()), 'scale'),
  }
}

export const p95 = (values: readonly number[]): number =>
  quantile(Float64Array.from(values).sort(), 0.95) ?? Number.NaN

export const ms = (value: number): string => `${value.toFixed(1)} ms`
