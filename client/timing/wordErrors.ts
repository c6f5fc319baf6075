import type { ComparisonResult, SpeechLevel } from '../../server/protocol/comparisonResult.ts'
import type { ComparisonStatus } from '../../server/protocol/comparisons.ts'
import { fixed } from '../../server/shared/figures.ts'
import { levelName } from '../../server/shared/quantization.ts'
import type { Api } from '../api.ts'
import { column, el, tableHead } from '../dom.ts'
import { clockTime, rangeInWords } from '../figures.ts'
import { inWords, troubleBox } from '../trouble.ts'

export type WordErrorRow = {
  name: string
  level: string
  /** Shares, 0 to 1. */
  rate: number
  interval: [low: number, high: number] | null
}

/** The levels whose word errors a comparison measured, fewest first. Rates are percent there. */
export function wordErrorRows(levels: readonly SpeechLevel[]): WordErrorRow[] {
  return levels
    .flatMap(({ name, quantization, figures: { wordErrorRate } }) => {
      const { value, interval } = wordErrorRate
      if (value === null) return []
      const shares: [number, number] | null = interval && [interval[0] / 100, interval[1] / 100]
      return [{ name, level: levelName(quantization ?? name), rate: value / 100, interval: shares }]
    })
    .sort((a, b) => a.rate - b.rate)
}

/** Word errors of the speech levels by the latest comparison that measured any; turns have none. */
export function createWordErrors(api: Api) {
  const element = el('div', { class: 'word-errors' })

  async function load(): Promise<void> {
    try {
      const found = await latest(api)
      element.replaceChildren(...(found === null ? nothing() : shown(found)))
    } catch (error) {
      element.replaceChildren(troubleBox([inWords(error)], () => void load()))
    }
  }

  return { element, load }
}

const wrong = (share: number) => `${fixed(share * 100, 1)} %`

type Found = { id: string; startedAt: string; rows: WordErrorRow[] }

/** So many runs are looked through for one with word errors. */
const MOST_RUNS = 5

async function latest(api: Api): Promise<Found | null> {
  const { items } = await api.get<{ items: ComparisonStatus[] }>('/v1/comparisons')
  for (const { id, startedAt } of items.filter(({ state }) => state === 'done').slice(0, MOST_RUNS)) {
    const { speech } = await api.get<ComparisonResult>(`/v1/comparisons/${id}?format=json`)
    const rows = wordErrorRows(speech)
    if (rows.length > 0) return { id, startedAt, rows }
  }
  return null
}

function nothing(): HTMLElement[] {
  return [
    el(
      'p',
      { class: 'soft' },
      'How many words a speech level gets wrong cannot be seen from turns: nobody wrote down what you said. ',
      el('a', { href: '#/comparisons' }, 'A comparison'),
      ' has the levels hear clips whose words are known, and its word errors show here.',
    ),
  ]
}

function shown({ id, startedAt, rows }: Found): HTMLElement[] {
  const most = Math.max(...rows.map(({ rate, interval }) => interval?.[1] ?? rate)) || 1
  return [
    el(
      'table',
      el('caption', { class: 'unseen' }, 'Words heard wrong by speech level'),
      tableHead(
        column('speech'),
        column(el('span', { class: 'unseen' }, 'bar'), 'bars'),
        column('wrong', 'figures'),
      ),
      el('tbody', ...rows.map(row => rowOf(row, most))),
    ),
    el(
      'p',
      { class: 'soft' },
      'Lower is better; below each the 95 % interval. By the ',
      el('a', { href: `#/comparisons/${id}` }, `comparison of ${clockTime(startedAt)}`),
      '.',
    ),
  ]
}

function rowOf({ name, level, rate, interval }: WordErrorRow, most: number): HTMLElement {
  const bar = el('span', { class: 'rate', 'aria-hidden': 'true' })
  bar.style.setProperty('width', `${(rate / most) * 100}%`)
  const range = interval && el('small', rangeInWords(wrong(interval[0]), wrong(interval[1])))
  return el(
    'tr',
    el('th', { scope: 'row' }, level, el('small', name)),
    el('td', { class: 'bars' }, bar),
    el('td', { class: 'figures' }, wrong(rate), range),
  )
}
