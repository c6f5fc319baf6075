import './styles/trouble.css'
import { ApiError } from './api.ts'
import { el } from './dom.ts'

/** What happened and what mends it. */
export function inWords(error: unknown): string {
  if (error instanceof ApiError)
    return [error.message, error.mend].filter(part => part !== undefined).join(' ')
  return error instanceof Error ? error.message : String(error)
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
