import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import type { View } from '../view.ts'

/** The lab's comparisons. */
export function createComparisonsView(_api: Api): View {
  const element = el('section', { class: 'place' }, el('h1', {}, 'Comparisons'))
  return { element, show() {}, hide() {} }
}
