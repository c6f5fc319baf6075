import { differenceInWords, differenceOf } from '../conversation/difference.ts'
import { el } from '../dom.ts'
import { icon } from '../icons.ts'
import { sharedScale, spanOf } from '../timing/scale.ts'
import { headlineOf, levelsOf } from '../timing/waterfall.ts'
import type { Bar } from '../timing/waterfallBars.ts'
import { createWaterfallTable, shownBars } from '../timing/waterfallTable.ts'
import type { Side, Sides } from './pairTurns.ts'

const barsOf = ({ record }: Side): Bar[] => (record === null ? [] : shownBars(record))

/** One of the two answers, its waterfall on one axis with the other's, and what it took more or less than that. */
export function createAnswer(title: string, hear: (audioUrl: string) => void) {
  const heard = el('p', { class: 'question', dir: 'auto' })
  // A long one is scrolled, so that what it took is in sight.
  const reply = el('p', { class: 'reply', dir: 'auto', 'aria-live': 'polite', tabindex: 0 })
  const note = el('p', { class: 'note' })
  const button = el('button', { type: 'button', class: 'small' }, icon('play'), 'Hear it')
  const heading = el('figcaption')
  const table = createWaterfallTable()
  const difference = el('p', { class: 'difference' })
  const figure = el('figure', { class: 'waterfall' }, heading, table.element)
  const element = el(
    'article',
    { class: 'answer', 'aria-label': title },
    heard,
    reply,
    note,
    button,
    difference,
    figure,
  )
  let audioUrl: string | null = null
  button.addEventListener('click', () => audioUrl !== null && hear(audioUrl))

  return {
    element,
    update(side: Side, sides: Sides): void {
      const { record } = side
      audioUrl = side.audioUrl
      element.dataset.state = side.state
      heard.textContent = side.transcript
      heard.hidden = side.transcript === ''
      reply.textContent = side.reply
      note.textContent = noteOf(side)
      note.hidden = note.textContent === ''
      button.hidden = audioUrl === null
      figure.hidden = record === null
      difference.hidden = true
      if (record === null) return
      heading.replaceChildren(el('strong', headlineOf(record)), levelsOf(record))
      table.show(barsOf(side), sharedScale(sides.map(each => spanOf(barsOf(each)))))
      const others = sides.flatMap(other => (other === side || other.record === null ? [] : [other.record]))
      const told = differenceOf(record, others)
      difference.hidden = told === null
      if (told !== null) difference.textContent = differenceInWords(told)
    },
  }
}

function noteOf({ state, trouble, record }: Side): string {
  if (trouble !== null) return trouble
  if (state === 'waiting') return 'Waits until the other has answered, so that neither slows the other.'
  if (state === 'asked') return 'Answering …'
  return record?.pair?.askedAs === 1 ? 'Was asked first.' : 'Was asked second.'
}
