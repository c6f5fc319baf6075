import type { Front } from '../../server/protocol/comparisonResult.ts'

export type Placed = {
  /** From 1, by the first axis. */
  number: number
  name: string
  values: number[]
  dominated: boolean
  dominatedBy: string[]
  /** 0 to 1 from the left and from the bottom. */
  x: number
  y: number
  /** 0 to 1 of the third axis; 0 without one. */
  size: number
}

/**
 * Points of a front in the unit square by its first two axes, the third as size. Both axes begin a little below the smallest value,
 * since ratios to 0 mean nothing here, and end above the largest.
 */
export function paretoLayout({ axes, points }: Front): Placed[] {
  if (axes.length < 2) return []
  const rangeOf = (axis: number) => {
    const values = points.map(point => point.values[axis] ?? 0)
    const low = Math.min(...values)
    const high = Math.max(...values)
    const margin = (high - low || Math.abs(high) || 1) * 0.1
    return [low - margin, high + margin] as const
  }
  const [x, y] = [rangeOf(0), rangeOf(1)]
  const place = (value: number | undefined, [low, high]: readonly [number, number]) =>
    ((value ?? 0) - low) / (high - low)
  const largest = Math.max(0, ...points.map(({ values }) => values[2] ?? 0))
  return points
    .toSorted((a, b) => (a.values[0] ?? 0) - (b.values[0] ?? 0))
    .map((point, i) => ({
      ...point,
      number: i + 1,
      x: place(point.values[0], x),
      y: place(point.values[1], y),
      size: largest === 0 ? 0 : (point.values[2] ?? 0) / largest,
    }))
}
