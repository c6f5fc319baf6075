import type { Summary, TurnPage } from '../../../server/protocol/turnQueries.ts'
import type { Api } from '../../api.ts'
import type { Conversation } from '../../conversation/conversation.ts'
import type { createConversationView } from '../../conversation/conversationView.ts'
import type { Notices } from '../../notices.ts'
import type { LiveSession } from './liveSession.ts'

const DOUBLE_CLICK_MS = 1000
/** Of a conversation that goes on, the latest, and so many more at a time. */
const RESTORED_TURNS = 50

export type ConversationPlaceOptions = {
  api: Api
  notices: Notices
  session: Pick<LiveSession, 'goTo' | 'newConversation' | 'conversationId'>
  conversation: Pick<Conversation, 'restore'>
  view: Pick<ReturnType<typeof createConversationView>, 'clear' | 'isEmpty' | 'offerEarlier'>
}

export type ConversationPlace = ReturnType<typeof createConversationPlace>

/** Which conversation this tab is in: a new one, the one before again, that of before a reload, or one that was kept. */
export function createConversationPlace(options: ConversationPlaceOptions) {
  const { api, notices, session, view } = options
  let turnedOffAtMs = Number.NEGATIVE_INFINITY
  let withdrawUndo = () => {}

  async function restore(): Promise<void> {
    const id = session.conversationId()
    if (id === undefined || !view.isEmpty()) return
    const { items, nextCursor } = await turnsOf(id, null)
    if (!view.isEmpty() || session.conversationId() !== id) return
    options.conversation.restore(items.toReversed())
    if (nextCursor === null) return
    const { groups } = await api.get<Summary>(`/v1/summary?${new URLSearchParams({ conversationId: id })}`)
    const count = groups.reduce((sum, { n }) => sum + n, 0) - items.length
    if (session.conversationId() === id) offerEarlier(id, nextCursor, count)
  }

  function turnsOf(id: string, cursor: string | null): Promise<TurnPage> {
    const query = new URLSearchParams({ conversationId: id, limit: String(RESTORED_TURNS) })
    if (cursor !== null) query.set('cursor', cursor)
    return api.get(`/v1/turns?${query}`)
  }

  function offerEarlier(id: string, cursor: string, count: number): void {
    const load = async () => {
      const { items, nextCursor } = await turnsOf(id, cursor)
      if (session.conversationId() !== id) return
      options.conversation.restore(items.toReversed())
      if (nextCursor === null) view.offerEarlier(null)
      else offerEarlier(id, nextCursor, count - items.length)
    }
    view.offerEarlier({ count, atOnce: RESTORED_TURNS, load })
  }

  return {
    begin(): void {
      // The second click of two on "Turn off", which has moved away under the pointer.
      if (performance.now() - turnedOffAtMs < DOUBLE_CLICK_MS) return
      const goBack = session.newConversation()
      const showAgain = view.clear()
      withdrawUndo = notices.offer('A new conversation.', 'Undo', () => {
        goBack()
        showAgain()
      })
    },
    /** One that was kept, shown and gone on with. */
    async open(id: string): Promise<void> {
      if (id === session.conversationId() && !view.isEmpty()) return
      withdrawUndo()
      session.goTo(id)
      view.clear()
      await restore()
    },
    /** It is no more, also where it is the one that goes on or that could be gone back to. */
    deleted(id: string): void {
      withdrawUndo()
      if (id !== session.conversationId()) return
      session.newConversation()
      view.clear()
    },
    isOpen: (id: string): boolean => id === session.conversationId(),
    turnedOff(): void {
      turnedOffAtMs = performance.now()
    },
    /** What was asked since belongs to the new one: then there is no way back. */
    changed(): void {
      if (!view.isEmpty()) withdrawUndo()
    },
    /** What the record has of it; without that one goes on talking all the same. */
    restore: (): void => void restore().catch(() => {}),
  }
}
