import './latencyChart.css'
import type uPlot from 'uplot'
import type { TurnRecord } from '../../server/protocol/record.ts'
import type { Api } from '../api.ts'
import { column, el, tableHead } from '../dom.ts'
import { type ChartTab, chartTabs, metricTexts } from './chartTabs.ts'
import { createPanel, type Panel } from './latencyPanel.ts'
import { type Combination, inWords, type LatencySeries, latencySeries, type Metric } from './latencySeries.ts'
import { dashOf, SERIES_COLORS } from './seriesStyle.ts'
import { createTabs } from './tabs.ts'
import { createWordErrors } from './wordErrors.ts'

/** More turns than this are no longer told apart; the older ones are in the record's own place. */
const MOST_TURNS = 200

export type LatencyChart = ReturnType<typeof createLatencyChart>

/** Short, for the heading of a column. */
const columnTitles: Readonly<Record<Metric, string>> = {
  firstTokenMs: 'first token',
  firstAudioMs: 'first audio',
  memoryBytes: 'memory',
  tokensPerSecond: 'tokens',
}

/**
 * What the turns cost, one after the other: time, memory or speed, coloured by LLM tag, dashed by speech level, with the median of
 * each combination; and the word errors of the lab. The legend under it is a table, and says the same in figures. uPlot comes when
 * the first turn does.
 */
export function createLatencyChart(root: HTMLElement, api: Api) {
  const empty = el(
    'p',
    { class: 'soft' },
    'The time of each turn will show here: one colour a language model, one dash a speech level.',
  )
  const summary = el('p', { class: 'unseen' })
  const panelsRoot = el('div', { class: 'panels', 'aria-hidden': 'true' })
  const legend = el('div', { class: 'legend' })
  const ofTurns = el('div', empty, summary, panelsRoot, legend)
  const wordErrors = createWordErrors(api)
  let tab: ChartTab = chartTabs[0]
  let records: TurnRecord[] = []
  let panels: [metric: Metric, panel: Panel][] | null = null
  let drawing = Promise.resolve()
  let wasDrawn = false
  const tabs = createTabs('What the turns cost', [...chartTabs, { id: 'words', name: 'Word errors' }], id => {
    const chosen = chartTabs.find(one => one.id === id)
    ofTurns.hidden = chosen === undefined
    wordErrors.element.hidden = chosen !== undefined
    if (chosen === undefined) void wordErrors.load()
    else {
      tab = chosen
      drawSoon()
    }
  })
  tabs.panel.append(ofTurns, wordErrors.element)
  wordErrors.element.hidden = true
  root.append(el('div', { class: 'latency-chart' }, tabs.list, tabs.panel))

  async function draw(): Promise<void> {
    const series = latencySeries(records.slice(-MOST_TURNS))
    // All of it at once, so that nothing moves what came before it.
    if (series.count > 0) panels ??= await makePanels()
    empty.hidden = series.count > 0
    summary.textContent = series.count > 0 ? inWords(series) : ''
    legend.replaceChildren(...(series.count > 0 ? [legendOf(series, tab.metrics)] : []))
    panelsRoot.hidden = panels === null || series.count === 0
    if (panels === null || series.count === 0) return
    for (const [metric, panel] of panels) {
      if (tab.metrics.includes(metric)) {
        panel.show(series)
        // Somebody may be talking: what is heard goes between them. The first time they come at once, so that nothing moves.
        if (wasDrawn) await nextTask()
      } else panel.hide()
    }
    wasDrawn = true
  }

  async function makePanels(): Promise<[Metric, Panel][]> {
    giveUPlotALanguage()
    const [{ default: UPlot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')])
    const made = (Object.keys(metricTexts) as Metric[]).map((metric): [Metric, Panel] => [
      metric,
      createPanel(UPlot as typeof uPlot, panelsRoot, metric, metricTexts[metric]),
    ])
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', () => {
      for (const [, panel] of made) panel.redraw()
    })
    new ResizeObserver(() => {
      for (const [, panel] of made) panel.fit()
    }).observe(panelsRoot)
    return made
  }

  // One after another: a turn may come while uPlot is on its way.
  function drawSoon(): void {
    drawing = drawing.then(draw).catch((error: unknown) => {
      empty.hidden = false
      empty.textContent = `The chart could not be drawn (${String(error)}). Load the page again.`
    })
  }

  drawSoon()
  return {
    add(record: TurnRecord): void {
      records = [...records.filter(({ turnId }) => turnId !== record.turnId), record]
      drawSoon()
    },
    setHistory(history: TurnRecord[]): void {
      records = history.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
      drawSoon()
    },
  }
}

const nextTask = () => new Promise<void>(resolve => setTimeout(resolve))

function legendOf({ combinations }: LatencySeries, metrics: readonly Metric[]): HTMLElement {
  return el(
    'table',
    el('caption', { class: 'unseen' }, 'Medians of warm turns by language model and speech level'),
    tableHead(
      column('answers, speech'),
      column('turns', 'figures'),
      ...metrics.map(metric => column(columnTitles[metric], 'figures')),
    ),
    el('tbody', ...combinations.map(combination => legendRow(combination, metrics))),
  )
}

function legendRow(combination: Combination, metrics: readonly Metric[]): HTMLElement {
  const { llmModel, speechModel, turns, coldTurns, median } = combination
  const figure = (text: string) => el('td', { class: 'figures' }, text)
  const written = (metric: Metric) => {
    const value = median[metric]
    return value === null ? '–' : metricTexts[metric].write(value)
  }
  return el(
    'tr',
    el(
      'th',
      { scope: 'row' },
      swatch(combination),
      llmModel,
      el('small', speechModel?.replace(/^whisper-/, '') ?? 'typed'),
    ),
    figure(coldTurns === 0 ? String(turns) : `${turns} (${coldTurns} cold)`),
    ...metrics.map(metric => figure(written(metric))),
  )
}

function swatch({ color, dash }: Combination): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  const line = document.createElementNS(space, 'line')
  const attributes = { x1: 0, y1: 5, x2: 34, y2: 5, 'stroke-dasharray': dashOf(dash).join(' ') }
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, String(value))
  svg.setAttribute('viewBox', '0 0 34 10')
  svg.setAttribute('class', `swatch series-${(color % SERIES_COLORS) + 1}`)
  svg.setAttribute('aria-hidden', 'true')
  svg.append(line)
  return svg
}

/**
 * uPlot makes a number format of `navigator.language` as it is loaded, and throws where that is none: Chromium under
 * the POSIX locale says "en-US@posix".
 */
function giveUPlotALanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language)
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true })
  }
}
