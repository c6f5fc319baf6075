import './help.css'
import { column, el, tableHead } from '../dom.ts'
import { stages } from './stages.ts'

const keys: readonly (readonly [key: string, does: string])[] = [
  ['Space', 'in push-to-talk: hold it, or press it, to talk (as in Settings)'],
  ['Esc', 'stops the answer, or drops what is being said'],
  ['[ and ]', 'the level of the language model below, or above'],
  ['{ and }', 'the same of the speech model'],
  ['?', 'this help'],
]

/** The keys of the page, and what the stages of a turn are. */
export function createHelpDialog(showTour: () => void): HTMLDialogElement {
  const again = () => {
    dialog.close()
    showTour()
  }
  const dialog = el(
    'dialog',
    { class: 'help', 'aria-labelledby': 'help-title' },
    el(
      'form',
      { method: 'dialog' },
      el('h2', { id: 'help-title', tabindex: -1, autofocus: true }, 'Keys and stages'),
      el('h3', 'Keys'),
      list(
        'Key',
        'What it does',
        keys.map(([key, does]) => [el('kbd', key), does]),
      ),
      el('h3', 'Where the time of a turn goes'),
      el(
        'p',
        'A waterfall begins when you stop talking. Its bars follow each other; what is hatched ran in the silence, so that nobody waited for it.',
      ),
      list('Stage', 'What it is', Object.values(stages)),
      el(
        'div',
        { class: 'actions' },
        el('button', { type: 'button', onclick: again }, 'Show the tour'),
        el('button', { class: 'primary', value: 'done' }, 'Done'),
      ),
    ),
  )
  return dialog
}

function list(
  first: string,
  second: string,
  rows: readonly (readonly [HTMLElement | string, string])[],
): HTMLElement {
  return el(
    'table',
    tableHead(column(first), column(second)),
    el('tbody', ...rows.map(([name, text]) => el('tr', el('th', { scope: 'row' }, name), el('td', text)))),
  )
}
