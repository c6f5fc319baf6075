import { el } from '../dom.ts'
import type { ShownLevels } from './modelPickers.ts'

/** The levels in use, in a word each, where one talks; a press shows all of them. What a switch comes to is read out here. */
export function createLevelChip(press: () => void) {
  const llm = el('span', { class: 'level' })
  const speech = el('span', { class: 'level' })
  const button = el(
    'button',
    {
      ...{ class: 'chip', type: 'button', 'aria-haspopup': 'true', onclick: press },
      'aria-keyshortcuts': '[ ] { }',
      title: '[ and ] step the level of answers, { and } that of speech',
    },
    el('span', { class: 'unseen' }, 'Levels: answers '),
    llm,
    el('span', { class: 'unseen' }, ', speech '),
    speech,
  )
  const told = el('span', { class: 'unseen', role: 'status' })

  return {
    button,
    element: el('div', { class: 'level-chip' }, button, told),
    show(shown: ShownLevels): void {
      llm.textContent = shown.llm ?? '–'
      speech.textContent = shown.speech ?? '–'
      button.classList.toggle('switching', shown.isSwitching)
    },
    say(text: string): void {
      told.textContent = text
    },
    expanded(isOpen: boolean): void {
      button.ariaExpanded = String(isOpen)
    },
  }
}

export type LevelStep = { setting: 'llmModel' | 'speechModel'; direction: 'up' | 'down' }

const steps: Readonly<Record<string, LevelStep>> = {
  '[': { setting: 'llmModel', direction: 'down' },
  ']': { setting: 'llmModel', direction: 'up' },
  '{': { setting: 'speechModel', direction: 'down' },
  '}': { setting: 'speechModel', direction: 'up' },
}

/** The step that a key asks for; null where it means something else. Some keyboards have these signs on AltGr only, which is Ctrl and Alt. */
export function stepOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>,
): LevelStep | null {
  const isCommand = event.metaKey || (event.ctrlKey && !event.altKey)
  return isCommand ? null : (steps[event.key] ?? null)
}
