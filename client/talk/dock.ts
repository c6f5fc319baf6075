import { el } from '../dom.ts'
import { icon } from '../icons.ts'

export type DockParts = {
  control: HTMLElement
  retry: HTMLElement
  typed: HTMLElement
  bar: HTMLElement
  chip: HTMLElement
}

/** What one talks with, at the foot of the conversation. Where there is little room it is one row, and the small controls are a menu. */
export function createDock({ control, retry, typed, bar, chip }: DockParts) {
  const more = el(
    'button',
    {
      ...{ class: 'more quiet', type: 'button', 'aria-label': 'More', 'aria-expanded': 'false' },
      onclick: () => setOpen(!isOpen()),
    },
    icon('more'),
  )
  const writing = el('div', { class: 'writing' }, typed, chip)
  const controls = el('div', { class: 'controls' }, bar, more)
  const element = el('div', { class: 'dock' }, control, retry, writing, controls)

  const isOpen = () => element.classList.contains('more-open')

  function setOpen(next: boolean): void {
    element.classList.toggle('more-open', next)
    more.ariaExpanded = String(next)
  }

  bar.addEventListener('click', event => {
    if ((event.target as Element).closest('button') !== null) setOpen(false)
  })

  return {
    element,
    /** Whether there was a menu to close. */
    closeMenu(): boolean {
      if (!isOpen()) return false
      setOpen(false)
      more.focus()
      return true
    },
  }
}
