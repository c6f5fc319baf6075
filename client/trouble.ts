import './styles/trouble.css'
import { el } from './dom.ts'

/** What happened and what mends it, as refusals of the server and missing microphones say. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const mend = 'mend' in error && typeof error.mend === 'string' ? [error.mend] : []
  return [error.message, ...mend].join(' ')
}

/** Says what went wrong in the place where something should be, and tries again on demand. */
export function troubleBox(texts: readonly string[], retry: () => void): HTMLElement {
  return el(
    'div',
    { class: 'trouble', role: 'alert' },
    ...texts.map(text => el('p', text)),
    el('button', { type: 'button', class: 'small', onclick: retry }, 'Try again'),
  )
}
