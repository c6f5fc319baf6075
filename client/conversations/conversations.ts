import type { Api } from '../api.ts'
import type { Notices } from '../notices.ts'
import type { ConversationPlace } from '../talk/session/conversationPlace.ts'
import type { ConversationsDialog } from './conversationsDialog.ts'

export type ConversationsOptions = {
  api: Api
  notices: Notices
  place: Pick<ConversationPlace, 'open' | 'deleted' | 'isOpen'>
}

/** Opens the list of the conversations that are kept; its code is fetched when it is first asked for. */
export function createConversations(options: ConversationsOptions): () => void {
  let dialog: ConversationsDialog | null = null

  async function open(): Promise<void> {
    if (dialog === null) {
      const { createConversationsDialog } = await import('./conversationsDialog.ts')
      dialog ??= createConversationsDialog(options)
      document.body.append(dialog.element)
    }
    await dialog.open()
  }

  return () =>
    void open().catch(error => options.notices.failure('The conversations could not be fetched.', error))
}
