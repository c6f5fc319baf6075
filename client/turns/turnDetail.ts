import type { StoredTurn } from '../../server/protocol/record.ts'
import { el } from '../dom.ts'
import { renderWaterfall } from '../timing/waterfall.ts'

/** A turn opened: what was said, where the time went, and its row as it is stored. */
export function turnDetail(turn: StoredTurn, forget: () => Promise<void>): HTMLElement {
  const said = [
    ['You', turn.transcript],
    ['Reply', turn.reply],
    ['Heard', turn.heardText === turn.reply ? null : turn.heardText],
  ].flatMap(([who, text]) => (text ? [el('dt', who ?? ''), el('dd', { dir: 'auto' }, text)] : []))
  const row = el(
    'pre',
    { tabindex: 0, 'aria-label': 'The row as it is stored' },
    JSON.stringify(turn, null, 2),
  )
  return el(
    'div',
    { class: 'turn-detail' },
    ...(said.length === 0 ? [] : [el('dl', ...said)]),
    renderWaterfall(turn),
    el('details', el('summary', 'Raw row'), row),
    forgetting(forget),
  )
}

/** Deleting takes two presses: it cannot be taken back. */
function forgetting(forget: () => Promise<void>): HTMLElement {
  const place = el('div', { class: 'forget' })
  const ask = () => {
    const really = el(
      'button',
      { type: 'button', class: 'small danger', onclick: () => void forget() },
      'Delete for good',
    )
    place.replaceChildren(
      el('span', 'Its row, its text and its audio will be gone.'),
      really,
      el('button', { type: 'button', class: 'small', onclick: offer }, 'Keep it'),
    )
    really.focus()
  }
  const button = el('button', { type: 'button', class: 'small', onclick: ask }, 'Delete this turn')
  const offer = () => {
    place.replaceChildren(button)
    button.focus()
  }
  place.append(button)
  return place
}
