import { el } from '../dom.ts'
import { icon } from '../icons.ts'
import { type TalkState, type TalkStateName, talkStates } from './talkState.ts'

/** The one big control: its state in a word, a colour and an icon, and the level of the microphone. `shape` is around it. */
export function createControl(shape: SVGElement) {
  const picture = el('span', { class: 'picture' })
  const button = el('button', { class: 'big', type: 'button', 'aria-describedby': 'hint' }, shape, picture)
  const word = el('p', { class: 'word', role: 'status' })
  const hint = el('p', { class: 'hint', id: 'hint' })
  const bar = el('span', { class: 'bar' })
  const meter = el(
    'div',
    {
      class: 'meter',
      role: 'meter',
      'aria-label': 'Microphone level',
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    },
    bar,
  )
  const element = el('div', { class: 'control' }, el('div', { class: 'saying' }, word, hint), button, meter)
  let shown: TalkStateName | null = null

  return {
    element,
    button,
    /** `action` is what a press does, `hint` what to know now. */
    show(state: TalkState, action: string, text: string): void {
      if (shown !== state.name) {
        shown = state.name
        element.dataset.state = state.name
        picture.replaceChildren(icon(talkStates[state.name].icon))
        word.textContent = state.word
      }
      if (button.ariaLabel !== action) button.ariaLabel = action
      if (hint.textContent !== text) hint.textContent = text
    },
    /** Level of the microphone, 0 to 1; null where it is off. */
    level(level: number | null): void {
      meter.classList.toggle('idle', level === null)
      const shownLevel = level ?? 0
      element.style.setProperty('--level', shownLevel.toFixed(2))
      meter.setAttribute('aria-valuenow', String(Math.round(shownLevel * 100)))
    },
  }
}
