import { el } from '../dom.ts'

export type HelpOptions = {
  failed(error: unknown): void
  /** Somebody wants to see the tour again, from this button. */
  showTour(from: HTMLElement): void
}

/** The button for the help, and its key; what it shows is fetched when it is first asked for. */
export function createHelp({ failed, showTour }: HelpOptions): HTMLButtonElement {
  let dialog: HTMLDialogElement | null = null

  async function open(): Promise<void> {
    if (document.querySelector('dialog[open]') !== null) return
    if (dialog === null) {
      const { createHelpDialog } = await import('./helpDialog.ts')
      dialog ??= createHelpDialog(() => showTour(button))
      document.body.append(dialog)
    }
    if (!dialog.open) dialog.showModal()
  }

  const show = () => void open().catch(failed)

  document.addEventListener('keydown', ({ key, target, ctrlKey, metaKey }) => {
    const isTyping = target instanceof Element && target.closest('input, textarea, select') !== null
    if (key === '?' && !isTyping && !ctrlKey && !metaKey) show()
  })
  const button = el(
    'button',
    { class: 'quiet help-button', type: 'button', 'aria-label': 'Keys and stages', onclick: show },
    '?',
  )
  return button
}
