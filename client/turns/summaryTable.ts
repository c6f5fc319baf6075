import type { Summary } from '../../server/protocol/turnQueries.ts'
import { column, el, tableHead } from '../dom.ts'
import { rangeInWords } from '../figures.ts'
import { shortLevel } from './recordWords.ts'
import { type SummaryRow, summaryFigures, summaryRows, summaryScale } from './summaryFigures.ts'

/**
 * One figure per combination of LLM tag and speech level: how many turns, median with its 95 % interval, and p95. Which figure is for
 * the reader to choose.
 */
export function createSummaryTable(): { element: HTMLElement; show(summary: Summary): void } {
  let figure = summaryFigures[0]
  let shown: Summary | null = null
  const place = el('div')
  const choice = el(
    'select',
    {
      onchange() {
        figure = summaryFigures.find(({ path }) => path === choice.value) ?? figure
        draw()
      },
    },
    ...summaryFigures.map(({ path, text }) => el('option', { value: path }, text)),
  )
  const note = el(
    'p',
    { class: 'soft' },
    'Median of warm, answered turns; the line is its 95 % interval, the tick is p95.',
  )
  const element = el(
    'section',
    { class: 'summary', 'aria-label': 'Summary per combination' },
    el(
      'div',
      { class: 'heading' },
      el('h2', 'Per combination'),
      el('label', el('span', { class: 'unseen' }, 'Figure '), choice),
    ),
    place,
    note,
  )

  function draw(): void {
    if (shown === null) return
    const rows = summaryRows(shown, figure.path)
    const scale = summaryScale(rows)
    place.replaceChildren(
      el(
        'table',
        { class: 'ledger' },
        el('caption', { class: 'unseen' }, `${figure.text} per combination`),
        tableHead(
          column('answers, speech'),
          column('n', 'figures'),
          column(el('span', { class: 'unseen' }, 'bar'), 'bars'),
          column('p50', 'figures'),
          column('p95', 'figures wide'),
        ),
        el('tbody', ...rows.map(row => rowOf(row, scale))),
      ),
    )
  }

  function rowOf(
    { llmModel, speechModel, n, coldN, failures, wasted, statistics }: SummaryRow,
    scale: number,
  ): HTMLElement {
    const apart = [coldN > 0 ? `${coldN} cold` : '', failures > 0 ? `${failures} failed` : ''].filter(
      text => text !== '',
    )
    const { p50 = null, p95 = null, interval = null } = statistics ?? {}
    const [low, high] = interval ?? []
    const hasInterval = low !== undefined && high !== undefined
    return el(
      'tr',
      el(
        'th',
        { scope: 'row' },
        llmModel ?? 'no answer',
        el('small', speechModel === null ? 'no speech' : shortLevel(speechModel)),
        wasted &&
          el('small', { title: 'the language model, asked at pauses for what nobody wanted' }, wasted),
      ),
      el(
        'td',
        { class: 'figures' },
        String(n),
        ...(apart.length === 0 ? [] : [el('small', apart.join(', '))]),
      ),
      el('td', { class: 'bars' }, barOf(p50, p95, interval, scale)),
      el(
        'td',
        { class: 'figures' },
        p50 === null ? '–' : figure.format(p50),
        ...(hasInterval ? [el('small', rangeInWords(figure.format(low), figure.format(high)))] : []),
        ...(p95 === null ? [] : [el('small', { class: 'narrow' }, `p95 ${figure.format(p95)}`)]),
      ),
      el('td', { class: 'figures wide' }, p95 === null ? '–' : figure.format(p95)),
    )
  }

  return {
    element,
    show(summary) {
      shown = summary
      element.hidden = summary.groups.length === 0
      draw()
    },
  }
}

function barOf(
  p50: number | null,
  p95: number | null,
  interval: number[] | null,
  scale: number,
): HTMLElement {
  const share = (value: number) => `${(value / scale) * 100}%`
  const part = (name: string, from: number, to: number) => {
    const element = el('span', { class: name })
    element.style.setProperty('left', share(from))
    element.style.setProperty('width', share(to - from))
    return element
  }
  const track = el('span', { class: 'track', 'aria-hidden': 'true' })
  if (p50 !== null) track.append(part('median', 0, p50))
  const [low, high] = interval ?? []
  if (low !== undefined && high !== undefined) track.append(part('interval', low, high))
  if (p95 !== null) track.append(part('p95', p95, p95))
  return track
}
