/**
 * One measured value of an arm: of which clip, question or load, and in which round. `block` names what was measured
 * without another arm in between, where that is more than one value: a busy moment of the machine hits all of it.
 */
export type Measured = { of: string; round: number; value: number; block?: number }

/** Values by what they are of, in the order they first occur. */
export function byCluster<T extends { of: string }>(measured: readonly T[]): Map<string, T[]> {
  return Map.groupBy(measured, ({ of }) => of)
}

/** Both arms' values of the same clip in the same round. */
export type PairedValue = { own: number; reference: number }

/**
 * Clusters, by block or else by clip or question, of values that both arms have; what only one has is left out, so that
 * both are held to the same work.
 */
export function paired(own: readonly Measured[], reference: readonly Measured[]): PairedValue[][] {
  const others = new Map(reference.map(({ of, round, value }) => [`${round} ${of}`, value]))
  const clusters = [...Map.groupBy(own, ({ of, block }) => block ?? of).values()].map(cluster =>
    cluster.flatMap(({ of, round, value }) => {
      const other = others.get(`${round} ${of}`)
      return other === undefined ? [] : [{ own: value, reference: other }]
    }),
  )
  return clusters.filter(({ length }) => length > 0)
}

export function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
export const mean = (values: readonly number[]) => sum(values) / values.length
export const isNumber = (value: number | null): value is number => value !== null
