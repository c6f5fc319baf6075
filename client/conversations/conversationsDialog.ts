import './conversations.css'
import type { ConversationPage, KeptConversation } from '../../server/protocol/conversations.ts'
import { el } from '../dom.ts'
import { createConversationRow } from './conversationRow.ts'
import type { ConversationsOptions } from './conversations.ts'

export type ConversationsDialog = ReturnType<typeof createConversationsDialog>

/** The conversations that the record has words of, the one of the latest turn first. */
export function createConversationsDialog({ api, notices, place }: ConversationsOptions) {
  const list = el('ul')
  const none = el(
    'p',
    'There is none yet. Conversations are kept with the record of turns; where SAVE_TEXT is off, none is.',
  )
  const more = el('button', { type: 'button', onclick: () => void act(showMore) }, 'Show older ones')
  const title = el('h2', { id: 'conversations-title', tabindex: -1, autofocus: true }, 'Conversations')
  const element = el(
    'dialog',
    { class: 'conversations', 'aria-labelledby': 'conversations-title' },
    title,
    list,
    none,
    el(
      'div',
      { class: 'actions' },
      more,
      el('button', { class: 'primary', type: 'button', onclick: () => element.close() }, 'Done'),
    ),
  )
  let nextCursor: string | null = null
  let isFetching = false

  async function act(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      // A notice would lie behind the dialog.
      element.close()
      notices.failure('That did not work.', error)
    }
  }

  async function fetchPage(cursor: string | null): Promise<KeptConversation[]> {
    const query = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`
    const page = await api.get<ConversationPage>(`/v1/conversations${query}`)
    nextCursor = page.nextCursor
    return page.items
  }

  function show(items: readonly KeptConversation[]): void {
    list.append(...items.map(rowOf))
    none.hidden = list.childElementCount > 0
    more.hidden = nextCursor === null
  }

  async function showMore(): Promise<void> {
    if (isFetching) return
    isFetching = true
    try {
      show(await fetchPage(nextCursor))
    } finally {
      isFetching = false
    }
  }

  function rowOf(conversation: KeptConversation): HTMLElement {
    const path = `/v1/conversations/${conversation.conversationId}`
    let isGoing = false
    const row = createConversationRow(conversation, {
      isOpen: place.isOpen(conversation.conversationId),
      open: () =>
        void act(async () => {
          element.close()
          await place.open(conversation.conversationId)
        }),
      rename: title =>
        void act(async () => row.named(await api.send<KeptConversation>('PATCH', path, { title }))),
      remove: () =>
        void act(async () => {
          // The second click of two.
          if (isGoing) return
          isGoing = true
          await api.send('DELETE', path)
          place.deleted(conversation.conversationId)
          row.element.remove()
          show([])
          title.focus()
        }),
    })
    return row.element
  }

  return {
    element,
    async open(): Promise<void> {
      const items = await fetchPage(null)
      list.replaceChildren()
      show(items)
      if (!element.open) element.showModal()
    },
  }
}
