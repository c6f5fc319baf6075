import type { Front } from '../../server/protocol/comparisonResult.ts'
import { el } from '../dom.ts'
import { valueInWords } from './figureWords.ts'
import { type Placed, paretoLayout } from './paretoLayout.ts'

const WIDTH = 420
const HEIGHT = 230
const SPACE = 'http://www.w3.org/2000/svg'

/**
 * A front: numbered points by two figures, the third as size; those that another beats in every figure are hollow. The numbered
 * list beside it says the same in words. Null where there is nothing to draw.
 */
export function paretoChart(title: string, front: Front): HTMLElement | null {
  const points = paretoLayout(front)
  if (points.length < 2) return null
  const [x, y, size] = front.axes
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true', class: 'pareto' })
  svg.append(
    shape('line', { x1: 0, y1: HEIGHT, x2: WIDTH, y2: HEIGHT, class: 'axis' }),
    shape('line', { x1: 0, y1: 0, x2: 0, y2: HEIGHT, class: 'axis' }),
    ...points.flatMap(pointOf),
  )
  const sizes = size === undefined ? '' : `; size: ${size.label}`
  return el(
    'figure',
    { class: 'front' },
    el('figcaption', {}, title, el('small', {}, ` hollow: another is better in everything${sizes}`)),
    el(
      'div',
      { class: 'plot' },
      el('p', { class: 'y', 'aria-hidden': 'true' }, `↑ ${y?.label ?? ''}`),
      svg as unknown as HTMLElement,
      el('p', { class: 'x', 'aria-hidden': 'true' }, `${x?.label ?? ''} →`),
    ),
    el('ol', {}, ...points.map(point => itemOf(point, front))),
  )
}

function itemOf({ name, values, dominated, dominatedBy }: Placed, { axes }: Front): HTMLElement {
  const figures = axes.map(({ label, unit }, i) => `${label} ${valueInWords(values[i] ?? 0, unit)}`)
  const beaten = dominated
    ? `; ${dominatedBy.join(', ')} ${dominatedBy.length === 1 ? 'is' : 'are'} better in everything`
    : ''
  return el(
    'li',
    { class: dominated ? 'dominated' : '' },
    el('b', {}, name),
    ` ${figures.join(', ')}${beaten}`,
  )
}

function pointOf({ number, x, y, size, dominated }: Placed): SVGElement[] {
  const [cx, cy] = [x * WIDTH, (1 - y) * HEIGHT]
  const text = shape('text', { x: cx, y: cy, class: dominated ? 'dominated' : '' })
  text.textContent = String(number)
  return [shape('circle', { cx, cy, r: 9 + 7 * Math.sqrt(size), class: dominated ? 'dominated' : '' }), text]
}

function shape(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SPACE, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  return element
}
