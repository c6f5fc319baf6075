import type uPlot from 'uplot'
import { el } from '../dom.ts'
import { type Combination, extent, type LatencySeries, type Metric } from './latencySeries.ts'
import { colorOf, dashOf, seriesVariable } from './seriesStyle.ts'

const HEIGHT = 170
const FONT = '11px ui-monospace, Menlo, Consolas, monospace'
/** Room at the right for the names of the medians, and the height of one. */
const LABEL_WIDTH = 86
const LABEL_HEIGHT = 13

export type Panel = ReturnType<typeof createPanel>

/** One metric over the turns: a point a turn, hollow where a model was loaded, and the median of each combination. */
export function createPanel(UPlot: typeof uPlot, root: HTMLElement, metric: Metric, title: string) {
  const place = el('div', { class: 'canvas' })
  const panel = el(
    'div',
    { class: 'panel' },
    el('p', { class: 'title' }, title, el('span', ' ms after speech end')),
    place,
  )
  root.append(panel)
  let chart: uPlot | null = null
  let shape = ''
  let shown: LatencySeries = { count: 0, combinations: [] }

  const width = () => Math.max(160, place.clientWidth)
  const color = (combination: Combination) => () => colorOf(place, seriesVariable(combination.color))

  function options({ combinations }: LatencySeries): uPlot.Options {
    const text = () => colorOf(place, '--text-soft')
    const grid = { stroke: () => colorOf(place, '--line'), width: 1 }
    const axis: uPlot.Axis = { stroke: text, font: FONT, grid, ticks: { show: false }, gap: 4 }
    return {
      width: width(),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, LABEL_WIDTH, 0, 0],
      scales: {
        x: { time: false, range: (_chart, min, max) => [min - 0.5, max + 0.5] },
        y: { range: (_chart, _min, max) => [0, (max || 1) * 1.08] },
      },
      axes: [
        { ...axis, size: 22, incrs: [1, 2, 5, 10, 20, 50, 100], grid: { show: false } },
        { ...axis, size: 44 },
      ],
      series: [{}, ...combinations.flatMap(seriesOf)],
      hooks: { draw: [drawMedians, drawLabels] },
    }
  }

  function seriesOf(combination: Combination): uPlot.Series[] {
    const stroke = color(combination)
    const dash = dashOf(combination.dash)
    const surface = () => colorOf(place, '--raised')
    return [
      { stroke, width: 1, alpha: 0.55, dash, points: { show: true, size: 6, width: 1, fill: stroke } },
      { stroke, width: 0, points: { show: true, size: 7, width: 1.5, fill: surface } },
    ]
  }

  function data({ count, combinations }: LatencySeries): uPlot.AlignedData {
    const places = Array.from({ length: count }, (_, i) => i + 1)
    const rows = combinations.flatMap(({ warm, cold }) => [warm[metric], cold[metric]])
    return [places, ...rows]
  }

  /** From half a turn before the first to half a turn after the last, so that one turn has a line too. */
  function drawMedians({ ctx, valToPos }: uPlot): void {
    ctx.save()
    ctx.lineWidth = 2.5 * UPlot.pxRatio
    for (const combination of shown.combinations) {
      const value = combination.median[metric]
      const places = extent(combination, metric)
      if (value === null || places === null) continue
      const y = valToPos(value, 'y', true)
      ctx.strokeStyle = color(combination)()
      ctx.setLineDash(dashOf(combination.dash).map(length => length * UPlot.pxRatio))
      ctx.beginPath()
      // Places count from 0, turns from 1.
      ctx.moveTo(valToPos(places[0] + 0.5, 'x', true), y)
      ctx.lineTo(valToPos(places[1] + 1.5, 'x', true), y)
      ctx.stroke()
    }
    ctx.restore()
  }

  /** Each median by name and value at the right edge, moved apart where they would cover each other. */
  function drawLabels({ ctx, bbox, valToPos }: uPlot): void {
    const hasLevels = new Set(shown.combinations.map(({ speechLevel }) => speechLevel)).size > 1
    const labels = shown.combinations
      .flatMap(combination => {
        const value = combination.median[metric]
        if (value === null) return []
        const level = hasLevels ? `/${combination.speechLevel ?? 'typed'}` : ''
        const text = `${Math.round(value)} ${combination.llmLevel}${level}`
        return [{ text, y: valToPos(value, 'y', true), color: color(combination)() }]
      })
      .sort((a, b) => a.y - b.y)
    const ratio = UPlot.pxRatio
    const step = LABEL_HEIGHT * ratio
    ctx.save()
    ctx.font = FONT.replace(/^\d+/, size => String(Number(size) * ratio))
    ctx.textBaseline = 'middle'
    ctx.textAlign = 'left'
    let lowest = bbox.top
    for (const [i, { text, y, color }] of labels.entries()) {
      const room = bbox.top + bbox.height - (labels.length - 1 - i) * step
      const at = Math.min(Math.max(y, lowest), Math.max(room, lowest))
      ctx.fillStyle = color
      ctx.fillText(text, bbox.left + bbox.width + 6 * ratio, at, (LABEL_WIDTH - 8) * ratio)
      lowest = at + step
    }
    ctx.restore()
  }

  return {
    show(series: LatencySeries): void {
      shown = series
      panel.hidden = !series.combinations.some(({ warm, cold }) =>
        [...warm[metric], ...cold[metric]].some(value => value !== null),
      )
      if (panel.hidden) return
      const now = JSON.stringify(series.combinations.map(({ key, color, dash }) => [key, color, dash]))
      if (chart !== null && now === shape) {
        chart.setData(data(series))
        return
      }
      shape = now
      chart?.destroy()
      chart = new UPlot(options(series), data(series), place)
    },
    /** The colours changed. */
    redraw: (): void => chart?.redraw(false, true),
    /** The room changed. */
    fit(): void {
      if (chart !== null && !panel.hidden && chart.width !== width())
        chart.setSize({ width: width(), height: HEIGHT })
    },
  }
}
