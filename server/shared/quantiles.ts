/**
 * The quantile `p` (0 to 1) of ascending values by linear interpolation at position (n - 1)·p: definition 7 of
 * Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996), the default of
 * R and NumPy. Null for no values.
 */
export function quantile(ascending: ArrayLike<number>, p: number): number | null {
  const position = (ascending.length - 1) * p
  const below = ascending[Math.floor(position)]
  const above = ascending[Math.ceil(position)]
  if (below === undefined || above === undefined) return null
  return below + (above - below) * (position - Math.floor(position))
}

/** Of values in any order; NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5) ?? Number.NaN
}
