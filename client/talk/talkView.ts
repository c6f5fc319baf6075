import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import type { View } from '../view.ts'

/** Talking, and the conversation. */
export function createTalkView(_api: Api): View {
  const element = el('section', { class: 'place' }, el('h1', {}, 'Talk'))
  return { element, show() {}, hide() {} }
}
