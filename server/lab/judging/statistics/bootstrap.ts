import type { Interval } from '../../../protocol/comparisonFigures.ts'
import { quantile } from '../../../shared/quantiles.ts'
import { randomFrom, seedOf } from '../../../shared/seeded.ts'

/** Fewest observations, over all clusters, for which a bootstrap says anything. */
export const LEAST_FOR_BOOTSTRAP = 6
/** Fewest clusters: those of two or three say next to nothing of what others would be. */
const LEAST_CLUSTERS = 4
const REPLICATES = 2000

/**
 * 95 % percentile bootstrap interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 13)
 * of `statistic`, in two stages: clusters are drawn with replacement (clips, questions: another set of them might have
 * been asked), then within each its repetitions (places in an answer: it might have been cut elsewhere). A pair of arms
 * is compared by clusters that hold both, which keeps them paired. Replicates without a value count as none.
 *
 * @param clusters non-empty lists of repetitions
 * @param statistic of one drawn sample of clusters; null where it has none
 * @param key decides the draws, so that a run judged again gives the same result
 * @returns null below four clusters or six repetitions in all, or when more than a tenth of the replicates has no value
 */
export function bootstrapInterval<T>(
  clusters: readonly (readonly T[])[],
  statistic: (sample: readonly (readonly T[])[]) => number | null,
  key: string,
): Interval | null {
  if (clusters.length < LEAST_CLUSTERS) return null
  if (clusters.reduce((sum, { length }) => sum + length, 0) < LEAST_FOR_BOOTSTRAP) return null
  const random = randomFrom(seedOf(key))
  const draw = <Item>(items: readonly Item[]): readonly Item[] =>
    items.length === 1 ? items : items.map(() => items[Math.floor(random() * items.length)] as Item)
  const values: number[] = []
  for (let i = 0; i < REPLICATES; i++) {
    const value = statistic(draw(clusters).map(draw))
    if (value !== null && Number.isFinite(value)) values.push(value)
  }
  if (values.length < REPLICATES * 0.9) return null
  values.sort((a, b) => a - b)
  const low = quantile(values, 0.025)
  const high = quantile(values, 0.975)
  return low === null || high === null ? null : [low, high]
}
