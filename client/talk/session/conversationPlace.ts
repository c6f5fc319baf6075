import type { TurnPage } from '../../../server/protocol/turnQueries.ts'
import type { Api } from '../../api.ts'
import type { Conversation } from '../../conversation/conversation.ts'
import type { createConversationView } from '../../conversation/conversationView.ts'
import type { Notices } from '../../notices.ts'
import type { LiveSession } from './liveSession.ts'

const DOUBLE_CLICK_MS = 1000
/** Of a conversation that goes on after a reload. */
const RESTORED_TURNS = 50

export type ConversationPlaceOptions = {
  api: Api
  notices: Notices
  session: Pick<LiveSession, 'goTo' | 'newConversation' | 'conversationId'>
  conversation: Pick<Conversation, 'restore'>
  view: Pick<ReturnType<typeof createConversationView>, 'clear' | 'isEmpty'>
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
    const query = `conversationId=${encodeURIComponent(id)}&limit=${RESTORED_TURNS}`
    const { items } = await api.get<TurnPage>(`/v1/turns?${query}`)
    if (view.isEmpty() && session.conversationId() === id) options.conversation.restore([...items].reverse())
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
