import DOMPurify from 'dompurify'
import { Marked } from 'marked'
import { el } from '../dom.ts'

const marked = new Marked({
  ...{ gfm: true, breaks: true, async: false },
  // Tags that a model writes are text, for instance in an answer about HTML.
  renderer: { html: ({ text }) => escaped(text) },
})

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')

/** What a model writes is text with some shape, and nothing that loads, runs, or looks like a part of this page. */
const allowed = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'hr', 'a'],
    ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
  ],
  ALLOWED_ATTR: ['href', 'start'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true as const,
}

const BLOCKS = 'p, li, blockquote, th, td'

/** A reply that is written in Markdown, as elements; `copy` takes the text of a block of code. */
export function renderMarkdown(text: string, copy: (code: string) => void): DocumentFragment {
  const fragment = DOMPurify.sanitize(marked.parse(text) as string, allowed)
  for (const link of fragment.querySelectorAll('a')) {
    if (!link.hasAttribute('href')) {
      link.replaceWith(...link.childNodes)
      continue
    }
    link.target = '_blank'
    link.rel = 'noopener noreferrer'
  }
  // Headings of a reply are none of the page.
  for (const heading of fragment.querySelectorAll('h1, h2, h3, h4, h5, h6'))
    heading.replaceWith(el('p', { class: 'heading' }, ...heading.childNodes))
  for (const block of fragment.querySelectorAll<HTMLElement>(BLOCKS)) block.dir = 'auto'
  for (const table of fragment.querySelectorAll('table')) scrollable(table)
  for (const code of fragment.querySelectorAll('pre')) withCopy(code, copy)
  return fragment
}

function scrollable(table: HTMLTableElement): void {
  const place = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Table' })
  table.replaceWith(place)
  place.append(table)
}

function withCopy(code: HTMLPreElement, copy: (code: string) => void): void {
  code.tabIndex = 0
  code.dir = 'ltr'
  const button = el(
    'button',
    { class: 'small', type: 'button', 'aria-label': 'Copy the code', onclick: () => copy(code.textContent) },
    'Copy',
  )
  const place = el('div', { class: 'code' })
  code.replaceWith(place)
  place.append(code, button)
}
