import type { Figure } from '../../server/protocol/comparisonFigures.ts'
import { el } from '../dom.ts'
import { comparedInWords, decisiveFirst, figureTitle, intervalInWords, valueInWords } from './figureWords.ts'

/** A level, tag or pair as the tables show it. `marks` are words about it: reference, recommended, failures. */
export type Compared = { name: string; short: string; marks: string[]; figures: Record<string, Figure> }

/** Levels by figures: value, interval, and how it stands to the reference. A figure that none has is left out. */
export function levelsTable(title: string, rows: readonly Compared[]): HTMLElement {
  const known = Object.keys(rows[0]?.figures ?? {}).filter(name =>
    rows.some(({ figures }) => (figures[name]?.value ?? null) !== null),
  )
  const names = decisiveFirst(known)
  const cell = (figure: Figure | undefined) => {
    if (figure === undefined || figure.value === null) return el('td', { class: 'figures' }, '–')
    const { value, unit, interval, n, verdict } = figure
    const beside = comparedInWords(figure)
    return el(
      'td',
      { class: `figures ${verdict}`, title: `n = ${n}` },
      valueInWords(value, unit),
      ...(interval === null ? [] : [el('small', {}, intervalInWords(interval, unit))]),
      ...(beside === '' ? [] : [el('small', { class: 'verdict' }, beside)]),
    )
  }
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, table` },
    el(
      'table',
      {},
      el('caption', { class: 'unseen' }, title),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, 'level'),
          ...names.map(name => el('th', { scope: 'col', class: 'figures' }, figureTitle(name))),
        ),
      ),
      el(
        'tbody',
        {},
        ...rows.map(({ name, short, marks, figures }) =>
          el(
            'tr',
            { class: marks.includes('recommended') ? 'recommended' : '' },
            el(
              'th',
              { scope: 'row', title: name },
              short,
              ...marks.map(mark => el('small', { class: 'mark' }, mark)),
            ),
            ...names.map(figure => cell(figures[figure])),
          ),
        ),
      ),
    ),
  )
}
