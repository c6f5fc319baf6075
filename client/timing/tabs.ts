import { el } from '../dom.ts'

/** A row of tabs over one panel; arrow keys go from one to the next. The first one is chosen at first. */
export function createTabs(
  label: string,
  tabs: readonly { id: string; name: string }[],
  choose: (id: string) => void,
): { list: HTMLElement; panel: HTMLElement } {
  const panel = el('div', { id: 'tab-panel', role: 'tabpanel' })
  const buttons = tabs.map(({ id, name }) =>
    el(
      'button',
      {
        ...{ id: `tab-${id}`, type: 'button', role: 'tab', 'aria-controls': panel.id },
        onclick: () => select(id),
      },
      name,
    ),
  )
  const list = el(
    'div',
    {
      ...{ class: 'tabs', role: 'tablist', 'aria-label': label },
      onkeydown: (event: KeyboardEvent) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
        if (by === undefined) return
        const at = tabs.findIndex(({ id }) => document.activeElement?.id === `tab-${id}`)
        const next = (at + by + tabs.length) % tabs.length
        event.preventDefault()
        select(tabs[next]?.id ?? '')
        buttons[next]?.focus()
      },
    },
    ...buttons,
  )

  function mark(chosen: string): void {
    for (const [i, button] of buttons.entries()) {
      const isChosen = tabs[i]?.id === chosen
      button.setAttribute('aria-selected', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
      if (isChosen) panel.setAttribute('aria-labelledby', button.id)
    }
  }

  function select(id: string): void {
    mark(id)
    choose(id)
  }

  mark(tabs[0]?.id ?? '')
  return { list, panel }
}
