import { el } from '../dom.ts'

/** Into the clipboard; false where the browser does not let the page. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Pages over http have no clipboard; they may still copy what is selected.
    return copySelected(text)
  }
}

function copySelected(text: string): boolean {
  const focused = document.activeElement
  const field = el('textarea', { class: 'unseen', 'aria-hidden': 'true', tabindex: -1 })
  field.value = text
  document.body.append(field)
  field.select()
  // Deprecated, and the only one there is.
  const isCopied = document.execCommand('copy')
  field.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return isCopied
}
