import type { TurnRecord } from '../../server/protocol/record.ts'
import { el } from '../dom.ts'
import { duration } from '../figures.ts'
import { isWaiting, liveBars, type Waits } from '../timing/liveBars.ts'
import { isBeyond, type Scale, type Span, spanOf } from '../timing/scale.ts'
import { factsOf, headlineOf, levelsOf } from '../timing/waterfall.ts'
import type { Bar } from '../timing/waterfallBars.ts'
import { createWaterfallTable, SHOWN_FROM_MS, segment, shownBars } from '../timing/waterfallTable.ts'

export type TurnTiming = ReturnType<typeof createTurnTiming>

let made = 0

/**
 * Where the time of a turn goes, from speech end on: one bar in front of the answer, which grows while somebody waits, and the stages
 * of it in rows, folded or open.
 */
export function createTurnTiming() {
  const id = `timing-${++made}`
  const headline = el('strong')
  const levels = el('span', { class: 'levels' })
  const track = el('span', { class: 'track', 'aria-hidden': 'true' })
  const front = el(
    'button',
    { class: 'time-bar', type: 'button', 'aria-controls': id, hidden: true, onclick: () => turn() },
    el('span', { class: 'said' }, headline, levels),
    track,
  )
  const table = createWaterfallTable()
  const facts = el('p', { class: 'facts' })
  const rows = el('figure', { class: 'waterfall', id, hidden: true }, table.element, facts)
  const segments = new Map<string, HTMLElement>()
  let bars: Bar[] = []
  let isOpen = false
  let isChosen = false

  function turn(): void {
    isChosen = true
    setOpen(!isOpen)
  }

  function setOpen(next: boolean): void {
    isOpen = next
    rows.hidden = !isOpen || bars.length === 0
    front.setAttribute('aria-expanded', String(isOpen))
  }

  function draw(scale: Scale): void {
    const parts = bars.filter(({ ms, hiddenMs }) => ms - hiddenMs >= SHOWN_FROM_MS)
    track.replaceChildren(...parts.map((bar, i) => partOf(bar, i, scale)))
    const last = bars.at(-1)
    track.classList.toggle('cut', last !== undefined && isBeyond(last.endMs, scale))
    table.show(bars, scale)
    front.hidden = bars.length === 0
    rows.hidden = !isOpen || bars.length === 0
  }

  function partOf({ id: stage, stage: kind, startMs, endMs, hiddenMs }: Bar, i: number, scale: Scale) {
    const key = `${stage} ${i}`
    const part = segments.get(key) ?? el('span')
    segments.set(key, part)
    return segment(part, kind, startMs + hiddenMs, endMs, scale)
  }

  setOpen(false)
  return {
    front,
    rows,
    span: (): Span | null => (bars.length === 0 ? null : spanOf(bars)),
    /** What is known while it goes on; without waits, nothing is waited for. */
    live(waits: Waits | null, nowMs: number, speaks: boolean): void {
      bars = waits === null ? [] : liveBars(waits, nowMs, speaks)
      const last = bars.at(-1)
      if (waits === null || last === undefined) return
      headline.textContent = isWaiting(waits, speaks)
        ? `${duration(last.endMs)} · ${last.label}`
        : `Answer after ${duration(last.endMs)}`
      track.classList.toggle('growing', isWaiting(waits, speaks))
    },
    /** How it was, by its record; null where there is none. */
    done(record: TurnRecord | null): void {
      // The record knows more of them, and between those that are there: rows of its own do not move about.
      table.clear()
      bars = record === null ? [] : shownBars(record)
      track.classList.remove('growing')
      if (record === null) return
      headline.textContent = headlineOf(record)
      facts.textContent = factsOf(record)
      levels.replaceChildren(...levelsOf(record).childNodes)
    },
    draw,
    /** Of the latest turn. */
    unfold: (): void => setOpen(true),
    /** Another one came; whoever opened it by hand keeps it open. */
    fold(): void {
      if (!isChosen) setOpen(false)
    },
  }
}
