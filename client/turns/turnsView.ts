import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import type { View } from '../view.ts'

/** The table of recorded turns. */
export function createTurnsView(_api: Api): View {
  const element = el('section', { class: 'place' }, el('h1', {}, 'Turns'))
  return { element, show() {}, hide() {} }
}
