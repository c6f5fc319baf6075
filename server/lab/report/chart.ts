import type { Front } from '../../protocol/comparisonResult.ts'
import { writtenNumber, writtenValue } from '../wording.ts'
import type { Chart } from './document.ts'
import { escapeHtml } from './escape.ts'
import { type Box, placeLabels } from './labelPlaces.ts'

const WIDTH = 720
const HEIGHT = 400
const plot = { left: 62, right: WIDTH - 24, top: 20, bottom: HEIGHT - 52 }
/** Radii of the smallest and of the largest memory; areas are in proportion, unless that would hide the smallest. */
const LARGEST_RADIUS = 22
const SMALLEST_RADIUS = 5
/** Room for a whole point at the edges. */
const INSET = LARGEST_RADIUS + 4

type Placed = {
  name: string
  label: string
  x: number
  y: number
  radius: number
  dominated: boolean
  recommended: boolean
  title: string
}

/**
 * The front as a scatter plot, SVG for use inside HTML: the second axis (time) across, the first (error) up, the
 * third (memory) as area. Colours are those of the page's custom properties.
 */
export function chartSvg({ front, shortNames, recommended, caption }: Chart): string {
  const [error, time] = front.axes
  if (error === undefined || time === undefined) return ''
  const across = scale(
    front.points.map(({ values }) => values[1] ?? 0),
    plot.left + INSET,
    plot.right - INSET,
  )
  const up = scale(
    front.points.map(({ values }) => values[0] ?? 0),
    plot.bottom - INSET,
    plot.top + INSET,
  )
  const placed = place(front, shortNames, recommended, across.at, up.at)
  const parts = [
    ...across.ticks.map(
      ({ value, at }) =>
        `<line class="grid" x1="${at}" y1="${plot.top}" x2="${at}" y2="${plot.bottom}"/><text class="tick" x="${at}" y="${plot.bottom + 18}" text-anchor="middle">${writtenNumber(value)}</text>`,
    ),
    ...up.ticks.map(
      ({ value, at }) =>
        `<line class="grid" x1="${plot.left}" y1="${at}" x2="${plot.right}" y2="${at}"/><text class="tick" x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${writtenNumber(value)}</text>`,
    ),
    `<text class="axis" x="${(plot.left + plot.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeHtml(axisText(time))}</text>`,
    `<text class="axis" transform="translate(16 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(axisText(error))}</text>`,
    ...placed.map(
      point =>
        `<circle class="${pointClass(point)}" cx="${round(point.x)}" cy="${round(point.y)}" r="${round(point.radius)}"><title>${escapeHtml(point.title)}</title></circle>`,
    ),
    ...placeLabels(
      placed.map(({ label, x, y, radius }) => ({ text: label, x, y, radius })),
      { left: plot.left, right: WIDTH, top: 0, bottom: plot.bottom } satisfies Box,
    ).map(({ text, x, y, anchor }, i) => {
      const point = placed[i]
      const chosen = point?.recommended ? ' chosen' : point?.dominated ? ' faint' : ''
      return `<text class="label${chosen}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`
    }),
  ]
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${caption} ${placed.map(({ title }) => title).join('; ')}`)}">${parts.join('')}</svg>`
}

const axisText = ({ label, unit, better }: Front['axes'][number]) => `${label}, ${unit} (${better} is better)`
const round = (value: number) => Math.round(value * 10) / 10
const pointClass = ({ dominated, recommended }: Placed) =>
  `point${dominated ? ' dominated' : ''}${recommended ? ' recommended' : ''}`

function place(
  { axes, points }: Front,
  shortNames: Record<string, string>,
  recommended: readonly string[],
  across: (value: number) => number,
  up: (value: number) => number,
): Placed[] {
  const most = Math.max(...points.map(({ values }) => values[2] ?? 0), 1)
  // Large ones first, so that none hides a smaller one.
  return points
    .map(({ name, values, dominated, dominatedBy }) => ({
      name,
      label: shortNames[name] ?? name,
      x: across(values[1] ?? 0),
      y: up(values[0] ?? 0),
      radius: Math.max(SMALLEST_RADIUS, LARGEST_RADIUS * Math.sqrt((values[2] ?? 0) / most)),
      dominated,
      recommended: recommended.includes(name),
      title: `${name}: ${values.map((value, i) => writtenValue(value, axes[i]?.unit ?? '')).join(', ')}${dominated ? `, dominated by ${dominatedBy.join(', ')}` : ''}`,
    }))
    .sort((a, b) => b.radius - a.radius)
}

/** A linear scale over the values with room around them, and round ticks in it (1, 2 or 5 times a power of ten). */
function scale(values: readonly number[], from: number, to: number) {
  const least = Math.min(...values)
  const most = Math.max(...values)
  const room = (most - least || Math.abs(most) || 1) * 0.1
  // No axis goes below 0 for figures that cannot.
  const low = least >= 0 ? Math.max(0, least - room) : least - room
  const high = most + room
  const at = (value: number) => round(from + ((value - low) / (high - low)) * (to - from))
  const rough = (high - low) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(times => times * power).find(size => size >= rough) ?? rough
  const ticks: { value: number; at: number }[] = []
  for (let i = Math.ceil(low / step); i * step <= high; i++) {
    const value = Number((i * step).toPrecision(12))
    ticks.push({ value, at: at(value) })
  }
  return { at, ticks }
}
