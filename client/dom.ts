type Attributes = Record<string, string | number | boolean | undefined | ((event: never) => void)>
type Child = Node | string | null

/** The head of a table: its one row, of these cells. */
export const tableHead = (...cells: HTMLElement[]) => el('thead', el('tr', ...cells))

/** A cell of it: what a column holds. */
export const column = (content: Child, classes = '') => el('th', { scope: 'col', class: classes }, content)

/** One that an input method is in takes back what it composes, and means nothing of the page. */
export const isEscape = ({ key, isComposing }: KeyboardEvent): boolean => key === 'Escape' && !isComposing

/**
 * An element with attributes, which may be left out, and children; null is none. `onclick` and the like take a function;
 * `true` sets an empty attribute, `false` and `undefined` none. Text is always text, never markup.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  first: Attributes | Child = null,
  ...others: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  const isChild = first === null || typeof first === 'string' || first instanceof Node
  for (const [name, value] of isChild ? [] : Object.entries(first)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value))
  }
  element.append(...[isChild ? first : null, ...others].filter(child => child !== null))
  return element
}
