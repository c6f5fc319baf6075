import type { KeptConversation } from '../../server/protocol/conversations.ts'
import { el, isEscape } from '../dom.ts'

export type ConversationRowOptions = {
  /** It is the one that goes on. */
  isOpen: boolean
  open(): void
  rename(title: string | null): void
  remove(): void
}

/** A conversation: its name opens it; it is renamed in its place, and deleting asks first. */
export function createConversationRow(conversation: KeptConversation, options: ConversationRowOptions) {
  const { lastTurnAt, turns } = conversation
  let { title } = conversation
  const name = el('button', {
    ...{ class: 'name', type: 'button', onclick: options.open },
    'aria-current': options.isOpen ? 'true' : undefined,
  })
  const when = new Date(lastTurnAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  const about = el('p', `${when}, ${turns === 1 ? '1 turn' : `${turns} turns`}`)
  const rename = el('button', { class: 'quiet', type: 'button', onclick: edit }, 'Rename')
  const remove = el('button', { class: 'quiet', type: 'button', onclick: () => ask(true) }, 'Delete')
  const sure = el('button', { class: 'danger', type: 'button', onclick: options.remove }, 'Delete its turns')
  const keep = el('button', { class: 'quiet', type: 'button', onclick: () => ask(false) }, 'Keep it')
  const input = el('input', { type: 'text', dir: 'auto', maxlength: 200, onkeydown: leave })
  const form = el(
    'form',
    { onsubmit: save },
    input,
    el('button', { class: 'quiet' }, 'Save'),
    el('button', { class: 'quiet', type: 'button', onclick: () => stopEditing() }, 'Cancel'),
  )
  const element = el('li', name, form, about, el('div', { class: 'row-actions' }, rename, remove, sure, keep))

  /** Its first words stand for a name. */
  const shownName = () => title ?? conversation.firstQuestion

  function show(): void {
    name.replaceChildren(el('bdi', shownName()))
    input.setAttribute('aria-label', `Name of "${shownName()}"`)
    rename.setAttribute('aria-label', `Rename "${shownName()}"`)
    remove.setAttribute('aria-label', `Delete "${shownName()}"`)
  }

  function edit(): void {
    input.value = title ?? ''
    form.hidden = false
    name.hidden = true
    input.focus()
  }

  function stopEditing(): void {
    form.hidden = true
    name.hidden = false
    rename.focus()
  }

  function save(event: SubmitEvent): void {
    event.preventDefault()
    options.rename(input.value.trim() === '' ? null : input.value.trim())
    stopEditing()
  }

  function leave(event: KeyboardEvent): void {
    if (!isEscape(event)) return
    // It would close the dialog.
    event.preventDefault()
    stopEditing()
  }

  function ask(isAsked: boolean): void {
    for (const button of [rename, remove]) button.hidden = isAsked
    for (const button of [sure, keep]) button.hidden = !isAsked
    if (isAsked) keep.focus()
    else if (document.activeElement === document.body) remove.focus()
  }

  show()
  ask(false)
  form.hidden = true

  return {
    element,
    named(now: KeptConversation): void {
      title = now.title
      show()
    },
  }
}
