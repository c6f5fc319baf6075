import type uPlot from 'uplot'
import { el } from '../dom.ts'
import type { MetricText } from './chartTabs.ts'
import { type Combination, type LatencySeries, limitOf, type Metric, runsOf } from './latencySeries.ts'
import { createColors, dashOf, seriesVariable } from './seriesStyle.ts'

const HEIGHT = 170
const FONT = '11px ui-monospace, Menlo, Consolas, monospace'
/** Room at the right for the names of the medians, and the height of one. */
const LABEL_WIDTH = 108
const LABEL_HEIGHT = 13

export type Panel = ReturnType<typeof createPanel>

/** Room at the left for the figures of the axis: `1,000` to `12.5 GB`. */
const AXIS_WIDTH = 58

/**
 * One metric over the turns: a point a turn, hollow where a model was loaded, and the median of each combination. Turns far above the
 * others are triangles at the upper edge, so that they do not flatten them.
 */
export function createPanel(UPlot: typeof uPlot, root: HTMLElement, metric: Metric, text: MetricText) {
  const place = el('div', { class: 'canvas' })
  const panel = el(
    'div',
    { class: 'panel' },
    el('p', { class: 'title' }, text.title, ' ', el('span', text.note)),
    place,
  )
  root.append(panel)
  const colors = createColors(place)
  let chart: uPlot | null = null
  let shape = ''
  let shown: LatencySeries = { count: 0, combinations: [] }
  let limit = 0

  const width = () => Math.max(160, place.clientWidth)
  const color = (combination: Combination) => () => colors.of(seriesVariable(combination.color))

  function options({ combinations }: LatencySeries): uPlot.Options {
    const ink = () => colors.of('--text-soft')
    const grid = { stroke: () => colors.of('--line'), width: 1 }
    const axis: uPlot.Axis = { stroke: ink, font: FONT, grid, ticks: { show: false }, gap: 4 }
    return {
      width: width(),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, LABEL_WIDTH, 0, 0],
      scales: {
        x: { time: false, range: () => [0.5, shown.count + 0.5] },
        y: { range: () => [0, (limit || 1) * 1.08] },
      },
      axes: [
        { ...axis, size: 22, incrs: [1, 2, 5, 10, 20, 50, 100], grid: { show: false }, values: turnMarks },
        { ...axis, size: AXIS_WIDTH, space: 34, values: (_chart, marks) => text.marks(marks) },
      ],
      series: [{}, ...combinations.flatMap(seriesOf)],
      hooks: { draw: [drawMedians, drawLabels, drawOutliers] },
    }
  }

  const turnMarks = (_chart: uPlot, marks: number[]) =>
    marks.map(mark => (mark >= 1 && mark <= shown.count ? String(mark) : ''))

  function seriesOf(combination: Combination): uPlot.Series[] {
    const stroke = color(combination)
    const dash = dashOf(combination.dash)
    const surface = () => colors.of('--raised')
    return [
      { stroke, width: 1, alpha: 0.55, dash, points: { show: true, size: 6, width: 1, fill: stroke } },
      { stroke, width: 0, points: { show: true, size: 7, width: 1.5, fill: surface } },
    ]
  }

  function data({ count, combinations }: LatencySeries): uPlot.AlignedData {
    const places = Array.from({ length: count }, (_, i) => i + 1)
    const rows = combinations.flatMap(({ warm, cold }) => [within(warm), within(cold)])
    return [places, ...rows]
  }

  const within = (values: Combination['warm']) =>
    values[metric].map(value => (value !== null && value > limit ? null : value))

  /** From half a turn before to half a turn after, so that one turn has a line too; none where another level answered. */
  function drawMedians({ ctx, valToPos }: uPlot): void {
    ctx.save()
    ctx.lineWidth = 2.5 * UPlot.pxRatio
    for (const combination of shown.combinations) {
      const value = combination.median[metric]
      if (value === null || value > limit) continue
      const y = valToPos(value, 'y', true)
      ctx.strokeStyle = color(combination)()
      ctx.setLineDash(dashOf(combination.dash).map(length => length * UPlot.pxRatio))
      for (const [first, last] of runsOf(combination, metric)) {
        ctx.beginPath()
        // Places count from 0, turns from 1.
        ctx.moveTo(valToPos(first + 0.5, 'x', true), y)
        ctx.lineTo(valToPos(last + 1.5, 'x', true), y)
        ctx.stroke()
      }
    }
    ctx.restore()
  }

  /** What is above the axis, at its edge. */
  function drawOutliers({ ctx, bbox, valToPos }: uPlot): void {
    const size = 5 * UPlot.pxRatio
    ctx.save()
    for (const combination of shown.combinations) {
      ctx.fillStyle = color(combination)()
      for (const values of [combination.warm[metric], combination.cold[metric]])
        for (const [place, value] of values.entries()) {
          if (value === null || value <= limit) continue
          const x = valToPos(place + 1, 'x', true)
          ctx.beginPath()
          ctx.moveTo(x, bbox.top)
          ctx.lineTo(x - size, bbox.top + 1.6 * size)
          ctx.lineTo(x + size, bbox.top + 1.6 * size)
          ctx.fill()
        }
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
        const label = `${text.label(value)} ${combination.llmLevel}${level}`
        const y = valToPos(Math.min(value, limit), 'y', true)
        return [{ label, y, color: color(combination)() }]
      })
      .sort((a, b) => a.y - b.y)
    const ratio = UPlot.pxRatio
    const step = LABEL_HEIGHT * ratio
    ctx.save()
    ctx.font = FONT.replace(/^\d+/, size => String(Number(size) * ratio))
    ctx.textBaseline = 'middle'
    ctx.textAlign = 'left'
    let lowest = bbox.top
    for (const [i, { label, y, color }] of labels.entries()) {
      const room = bbox.top + bbox.height - (labels.length - 1 - i) * step
      const at = Math.min(Math.max(y, lowest), Math.max(room, lowest))
      ctx.fillStyle = color
      ctx.fillText(label, bbox.left + bbox.width + 6 * ratio, at, (LABEL_WIDTH - 8) * ratio)
      lowest = at + step
    }
    ctx.restore()
  }

  return {
    show(series: LatencySeries): void {
      shown = series
      limit = limitOf(series, metric)
      panel.hidden = !series.combinations.some(({ warm, cold }) =>
        [...warm[metric], ...cold[metric]].some(value => value !== null),
      )
      if (panel.hidden) return
      const now = JSON.stringify(series.combinations.map(({ key, color, dash }) => [key, color, dash]))
      if (chart !== null && now === shape) {
        chart.setData(data(series))
        if (chart.width !== width()) chart.setSize({ width: width(), height: HEIGHT })
        return
      }
      shape = now
      chart?.destroy()
      chart = new UPlot(options(series), data(series), place)
    },
    hide(): void {
      panel.hidden = true
    },
    /** The colours changed. */
    redraw(): void {
      colors.forget()
      chart?.redraw(false, true)
    },
    /** The room changed. */
    fit(): void {
      if (chart !== null && !panel.hidden && chart.width !== width())
        chart.setSize({ width: width(), height: HEIGHT })
    },
  }
}
