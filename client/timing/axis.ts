/** Round values from 0 (or the first one above `from`) up to `to`, about `wanted` of them: steps of 1, 2 or 5 by powers of ten. */
export function ticks(from: number, to: number, wanted: number): number[] {
  if (!(to > from)) return []
  const rough = (to - from) / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find(factor => factor * power >= rough) ?? 10)
  const first = Math.ceil(from / step)
  const last = Math.floor(to / step)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}
