import type { TurnRecord } from '../../server/protocol/record.ts'
import { column, el, tableHead } from '../dom.ts'
import { milliseconds } from '../figures.ts'
import { stages } from '../help/stages.ts'
import { isBeyond, placeOf, type Scale, widthOf } from './scale.ts'
import { type Bar, waterfallBars } from './waterfallBars.ts'

/** So near the right edge, part of the axis, a label would be cut in its middle. */
const EDGE = 0.05

/** Shorter ones would print as 0.0. */
export const SHOWN_FROM_MS = 0.05

/** The stages of a turn that are long enough to be shown. */
export const shownBars = (record: TurnRecord): Bar[] =>
  waterfallBars(record).filter(({ ms }) => ms >= SHOWN_FROM_MS)

export type WaterfallTable = ReturnType<typeof createWaterfallTable>

/**
 * Stages as rows over one axis; a button in its corner says of each what it is. Rows that are shown already stay the same elements:
 * the bars of a turn that goes on grow.
 */
export function createWaterfallTable() {
  const axis = el('span', { class: 'axis', 'aria-hidden': 'true' })
  const body = el('tbody')
  const rows = new Map<string, ReturnType<typeof createRow>>()
  const explain = el(
    'button',
    {
      class: 'explain quiet',
      type: 'button',
      'aria-expanded': 'false',
      onclick: () => setExplained(!isExplained),
    },
    'Stages',
  )
  let isExplained = false
  const element = el(
    'table',
    el('caption', { class: 'unseen' }, 'Where the time went, in milliseconds from speech end'),
    tableHead(
      column(explain),
      el('th', { scope: 'col' }, axis, el('span', { class: 'unseen' }, 'when')),
      column('ms', 'figures'),
    ),
    body,
  )

  function setExplained(next: boolean): void {
    isExplained = next
    explain.setAttribute('aria-expanded', String(next))
    for (const row of rows.values()) row.explained(next)
  }

  return {
    element,
    /** What comes next has other rows. */
    clear(): void {
      rows.clear()
      body.replaceChildren()
    },
    show(bars: readonly Bar[], scale: Scale): void {
      axis.replaceChildren(...scale.marks.map(mark => axisLabel(mark, scale)))
      const shown = bars.filter(({ ms }) => ms >= SHOWN_FROM_MS)
      for (const [i, bar] of shown.entries()) {
        // A tool may be called more than once.
        const key = `${bar.id} ${shown.slice(0, i).filter(({ id }) => id === bar.id).length}`
        const row = rows.get(key) ?? createRow(bar.id)
        rows.set(key, row)
        row.explained(isExplained)
        row.show(bar, scale)
        if (body.children[i] !== row.element) body.insertBefore(row.element, body.children[i] ?? null)
      }
      while (body.children.length > shown.length) body.lastElementChild?.remove()
    },
  }
}

function createRow(id: string) {
  const name = el('th', { scope: 'row' })
  const hidden = el('span')
  const visible = el('span')
  const track = el('span', { class: 'track', 'aria-hidden': 'true' })
  const inWords = el('span', { class: 'unseen' })
  const figure = el('td', { class: 'figures' })
  const meaning = el('small', { class: 'meaning', hidden: true }, stages[id]?.[1] ?? null)
  const element = el('tr', { 'data-bar': id }, name, el('td', track, inWords, meaning), figure)

  return {
    element,
    explained(next: boolean): void {
      meaning.hidden = !next
    },
    show({ label, stage, startMs, endMs, ms, hiddenMs }: Bar, scale: Scale): void {
      const isHidden = hiddenMs >= SHOWN_FROM_MS
      const note = el('small', `${milliseconds(hiddenMs)} ms in the silence`)
      name.replaceChildren(label, ...(isHidden ? [' ', note] : []))
      inWords.textContent = `from ${milliseconds(startMs)} to ${milliseconds(endMs)} ms`
      figure.textContent = milliseconds(ms)
      track.replaceChildren(
        ...scale.marks.map(mark => gridLine(mark, scale)),
        ...(isHidden ? [segment(hidden, `${stage} hidden`, startMs, startMs + hiddenMs, scale)] : []),
        ...(ms - hiddenMs >= SHOWN_FROM_MS
          ? [segment(visible, stage, startMs + hiddenMs, endMs, scale)]
          : []),
      )
    },
  }
}

/** Lays a part of a bar on the axis; one that goes on beyond the edge says so. */
export function segment(
  part: HTMLElement,
  classes: string,
  startMs: number,
  endMs: number,
  scale: Scale,
): HTMLElement {
  part.className = `bar ${classes}`
  part.classList.toggle('beyond', isBeyond(endMs, scale))
  part.classList.toggle('outside', startMs >= scale.toMs)
  part.style.setProperty('left', placeOf(startMs, scale))
  part.style.setProperty('width', widthOf(startMs, endMs, scale))
  return part
}

function gridLine(mark: number, scale: Scale): HTMLElement {
  const line = el('span', { class: 'line' })
  line.style.setProperty('left', placeOf(mark, scale))
  return line
}

function axisLabel(mark: number, scale: Scale): HTMLElement {
  const isAtEnd = mark > scale.toMs * (1 - EDGE)
  const label = el('span', { class: isAtEnd ? 'end' : '' }, mark.toLocaleString('en-US'))
  label.style.setProperty('left', placeOf(mark, scale))
  return label
}
