import { el } from '../dom.ts'

/**
 * The server's report as its file shows it, with the file's own style: in a shadow tree, so that neither style reaches the other.
 * Parsing runs no script, and the page's policy lets a document do nothing more than the page itself.
 */
export function reportDocument(html: string): HTMLElement {
  // Apart from the markup, as the page's policy would refuse an element with it while parsing.
  const [head = '', css = '', body = ''] = html.split(/<\/?style>/)
  const file = new DOMParser().parseFromString(head + body, 'text/html')
  const element = el('div', { class: 'report' })
  const tree = element.attachShadow({ mode: 'open' })
  const style = new CSSStyleSheet()
  // A shadow tree has a host where a file has a root.
  style.replaceSync(css.replaceAll(':root', ':host'))
  tree.adoptedStyleSheets = [style]
  tree.append(...file.querySelectorAll('header > *, main > *'))
  // The address names a place of the page, and finds no element in a shadow tree.
  tree.addEventListener('click', event => {
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href^="#"]')
    if (link === null) return
    event.preventDefault()
    const section = tree.getElementById(link.hash.slice(1))
    section?.setAttribute('tabindex', '-1')
    section?.scrollIntoView()
    section?.focus({ preventScroll: true })
  })
  return element
}
