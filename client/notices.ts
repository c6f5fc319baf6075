import { ApiError } from './api.ts'
import { el } from './dom.ts'
import { inWords } from './trouble.ts'

export type Notices = ReturnType<typeof createNotices>

const GOES_AFTER_MS = 4000
const OFFERED_FOR_MS = 15_000

/** Short messages that belong to no place on the page. */
export function createNotices() {
  const element = el('div', { class: 'notices', 'aria-live': 'polite' })

  return {
    element,
    /** Goes by itself. */
    say(text: string): void {
      const notice = el('p', { class: 'notice' }, text)
      element.append(notice)
      setTimeout(() => notice.remove(), GOES_AFTER_MS)
    },
    /** Something can be done about it for a while; gives what takes the offer back. */
    offer(text: string, action: string, act: () => void): () => void {
      const withdraw = () => {
        clearTimeout(timer)
        notice.remove()
      }
      const button = el(
        'button',
        {
          class: 'quiet',
          type: 'button',
          onclick: () => {
            withdraw()
            act()
          },
        },
        action,
      )
      const notice = el('div', { class: 'notice' }, el('p', text), button)
      element.append(notice)
      const timer = setTimeout(withdraw, OFFERED_FOR_MS)
      return withdraw
    },
    /** Stays until it is closed. */
    failure(text: string, error: unknown): void {
      const parts = error instanceof ApiError ? [error.message, error.meaning, error.mend] : [inWords(error)]
      const close = el('button', { class: 'quiet', type: 'button', onclick: () => notice.remove() }, 'Close')
      const notice = el(
        'div',
        { class: 'notice bad' },
        el('p', [text, ...parts].filter(Boolean).join(' ')),
        close,
      )
      element.append(notice)
    },
  }
}
