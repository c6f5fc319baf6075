import type { TurnRecord } from '../../server/protocol/record.ts'
import { el } from '../dom.ts'

/** Where the time of a turn went, on one axis from speech end. */
export function renderWaterfall(_record: TurnRecord): HTMLElement {
  return el('div', { class: 'waterfall' })
}
