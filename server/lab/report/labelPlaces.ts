export type Box = { left: number; right: number; top: number; bottom: number }
type Point = { text: string; x: number; y: number; radius: number }
export type Place = { text: string; x: number; y: number; anchor: 'start' | 'middle' | 'end' }

const CHARACTER_WIDTH = 7
const LINE_HEIGHT = 15

/**
 * Places for labels beside their points, in the order of the points: right, left, above, below, and the same further
 * out, whichever first lies within `bounds` and touches no other label or point; else to the right.
 */
export function placeLabels(points: readonly Point[], bounds: Box): Place[] {
  const taken: Box[] = points.map(({ x, y, radius }) => around(x, y, radius))
  return points.map((point, own) => {
    const options = [0, LINE_HEIGHT, 2 * LINE_HEIGHT].flatMap(away => candidates(point, away))
    const free = options.find(option => {
      const box = boxOf(option)
      return (
        box.left >= bounds.left &&
        box.right <= bounds.right &&
        box.top >= bounds.top &&
        box.bottom <= bounds.bottom &&
        // A label may lie over the rim of its own point's box, above or below it.
        taken.every((other, i) => i === own || !overlap(box, other))
      )
    })
    const place = free ?? (options[0] as Place)
    taken.push(boxOf(place))
    return place
  })
}

function candidates({ text, x, y, radius }: Point, away: number): Place[] {
  const gap = radius + 5
  const middle = y + 4
  return [
    { text, x: x + gap, y: middle + away, anchor: 'start' },
    { text, x: x - gap, y: middle + away, anchor: 'end' },
    { text, x: x + gap, y: middle - away, anchor: 'start' },
    { text, x: x - gap, y: middle - away, anchor: 'end' },
    { text, x, y: y - gap - away, anchor: 'middle' },
    { text, x, y: y + gap + 10 + away, anchor: 'middle' },
  ]
}

function boxOf({ text, x, y, anchor }: Place): Box {
  const wide = text.length * CHARACTER_WIDTH
  const left = anchor === 'start' ? x : anchor === 'end' ? x - wide : x - wide / 2
  return { left, right: left + wide, top: y - LINE_HEIGHT + 3, bottom: y + 3 }
}

const around = (x: number, y: number, radius: number): Box => ({
  left: x - radius,
  right: x + radius,
  top: y - radius,
  bottom: y + radius,
})

const overlap = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
