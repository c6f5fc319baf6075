import type { Front } from '../../protocol/comparisonResult.ts'

export type Axis = Front['axes'][number]

/**
 * Which points are dominated: another is at least as good on every axis and better on one. Points that lack a value are
 * left out. By the measured values as they are; whether a difference between two of them is shown, the verdicts say.
 */
export function front(
  axes: readonly Axis[],
  points: readonly { name: string; values: readonly (number | null)[] }[],
): Front {
  const whole = points.flatMap(({ name, values }) => {
    const known = values.filter(value => value !== null)
    return axes.length > 0 && known.length === axes.length ? [{ name, values: known }] : []
  })
  /** Above 0 where `a` is better than `b`. */
  const gain = (a: readonly number[], b: readonly number[]) =>
    axes.map(({ better }, i) => ((b[i] ?? 0) - (a[i] ?? 0)) * (better === 'lower' ? 1 : -1))
  return {
    axes: [...axes],
    points: whole.map(({ name, values }) => {
      const dominatedBy = whole
        .filter(other => {
          const gains = gain(other.values, values)
          return gains.every(value => value >= 0) && gains.some(value => value > 0)
        })
        .map(other => other.name)
      return { name, values, dominated: dominatedBy.length > 0, dominatedBy }
    }),
  }
}
