import { el } from './dom.ts'
import type { View } from './view.ts'

export type Place = { hash: string; name: string; view: View }

/**
 * The places of the page by the address's hash, so that back and links work without a request. What follows the hash
 * after a slash is the place's own.
 */
export function createNavigation(places: [Place, ...Place[]], links: HTMLElement, root: HTMLElement): void {
  const linkOf = new Map(places.map(place => [place, el('a', { href: place.hash }, place.name)]))
  links.append(...linkOf.values())
  let shown: Place | null = null

  function go(): void {
    const { hash } = location
    const next = places.find(place => hash === place.hash || hash.startsWith(`${place.hash}/`)) ?? places[0]
    if (next === shown) return
    shown?.view.hide()
    for (const [place, link] of linkOf) {
      if (place === next) link.setAttribute('aria-current', 'page')
      else link.removeAttribute('aria-current')
    }
    root.replaceChildren(next.view.element)
    document.title = next === places[0] ? 'Quantvox' : `${next.name} · Quantvox`
    // The reader of the screen goes on where the new place begins, but the first page load moves nothing.
    if (shown !== null) root.focus()
    shown = next
    next.view.show()
  }

  addEventListener('hashchange', go)
  go()
}
