/**
 * The outline of a shape around a circle as an SVG path, with the circle left out: levels, 0 to 1, stand around it from the
 * top down on both sides, the newest at the top, so that a voice runs down it. A level of 1 reaches `reach` beyond `radius`.
 */
export function outlineOf(levels: readonly number[], radius: number, reach: number): string {
  const last = levels.length - 1
  const points = Array.from({ length: 2 * last }, (_, i) => {
    const level = levels[i <= last ? i : 2 * last - i] ?? 0
    const angle = (Math.PI * i) / last - Math.PI / 2
    const distance = radius + level * reach
    return [distance * Math.cos(angle), distance * Math.sin(angle)] as const
  })
  const write = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`
  const between = (i: number) => {
    const [ax, ay] = points.at(i - 1) ?? [0, 0]
    const [bx, by] = points.at(i % points.length) ?? [0, 0]
    return write((ax + bx) / 2, (ay + by) / 2)
  }
  const curves = points.map(([x, y], i) => `Q${write(x, y)} ${between(i + 1)}`)
  const half = (to: number) => `A${radius} ${radius} 0 1 0 ${to} 0`
  return `M${between(0)}${curves.join('')}ZM${radius} 0${half(-radius)}${half(radius)}Z`
}
