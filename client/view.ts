import { el } from './dom.ts'

/** A place of the page. It is made once; `show` and `hide` say when somebody sees it. */
export type View = {
  readonly element: HTMLElement
  show(): void
  hide(): void
}

/** A place whose code is fetched when it is first seen. */
export function lazyView(load: () => Promise<View>): View {
  const element = el('div', { class: 'lazy', 'aria-busy': 'true' })
  let view: View | null = null
  let shown = false
  let isFetching = false

  async function fetchIt(): Promise<void> {
    // Who goes away and comes back meanwhile sees the one that comes.
    if (isFetching) return
    isFetching = true
    view = await load().finally(() => {
      isFetching = false
    })
    element.removeAttribute('aria-busy')
    element.replaceChildren(view.element)
    if (shown) view.show()
  }

  return {
    element,
    show() {
      shown = true
      if (view !== null) view.show()
      else
        fetchIt().catch(() =>
          element.replaceChildren(
            el('p', { class: 'place' }, 'This part could not be fetched. Load the page again.'),
          ),
        )
    },
    hide() {
      shown = false
      view?.hide()
    },
  }
}
