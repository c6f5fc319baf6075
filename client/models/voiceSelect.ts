import type { Voice } from '../../server/protocol/models.ts'
import { el } from '../dom.ts'

/** As a sentence names it: `the voice flite:slt`. */
export function voiceInWords(name: string): string {
  if (name === 'none') return 'no voice'
  return name === 'browser' ? "this browser's own voice" : `the voice ${name}`
}

/** The voices as a native list: those of the server, this browser's own, and none. */
export function voiceSelect(
  voices: readonly Voice[],
  chosen: string | null,
  choose: (name: string) => void,
): HTMLElement {
  const canSpeak = 'speechSynthesis' in globalThis
  const texts: Readonly<Record<string, string>> = {
    browser: canSpeak ? "This browser's own voice" : "This browser's own voice (it has none)",
    none: 'No voice, text only',
  }
  const known = voices.some(({ name }) => name === chosen) || chosen === null ? [] : [chosen]
  const options = [
    ...voices.map(({ name, description, available }) =>
      el(
        'option',
        { value: name, selected: name === chosen, disabled: !available || (name === 'browser' && !canSpeak) },
        texts[name] ?? `${name} (${description})`,
      ),
    ),
    ...known.map(name => el('option', { value: name, selected: true }, name)),
  ]
  const select = el(
    'select',
    { 'data-key': 'voice', onchange: (event: Event) => choose((event.target as HTMLSelectElement).value) },
    ...options,
  )
  return el('label', el('span', 'Voice'), select)
}
