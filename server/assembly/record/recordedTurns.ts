import { within } from '../../abort.ts'
import type { Turn } from '../../conversation/prompt.ts'
import type { Log } from '../../log.ts'
import type { StoredTurn } from '../../protocol/record.ts'
import type { TurnStore } from '../../record/turnStore.ts'

/** The last turns of a conversation that is taken up again; what of them has no room in a prompt is left out there. */
const RECALLED_TURNS = 50
/** A record elsewhere that does not answer must not hold up the first turn. */
const RECALLED_WITHIN_MS = 1_000

/** What the record has of a conversation, oldest first: the turns that were in its history as they ended. Never rejects. */
export function recordedTurns(store: () => TurnStore, log?: Log) {
  return async (conversationId: string): Promise<Turn[]> => {
    try {
      const listed = store().list({ conversationId }, RECALLED_TURNS)
      const { items } = await within(listed, RECALLED_WITHIN_MS, tooLate)
      const turns: Turn[] = []
      for (const stored of items.toReversed()) {
        const last = turns.at(-1)
        const unasked = stored.transcript === null ? (stored.heardText?.trim() ?? '') : ''
        if (last !== undefined && unasked !== '') last.heard = `${last.heard} ${unasked}`.trim()
        else turns.push(...turnInHistory(stored))
      }
      return turns
    } catch (error) {
      log?.warn({ err: error, conversationId }, 'A conversation goes on without what the record has of it.')
      return []
    }
  }
}

function tooLate(): never {
  throw new Error(`The record did not answer within ${RECALLED_WITHIN_MS} ms.`)
}

/** As a turn is added to the history when it ends (session/liveTurn.ts); of a pair only one of the answers is. */
function turnInHistory({ outcome, errorCode, transcript, heardText, pair }: StoredTurn): Turn[] {
  const user = transcript?.trim() ?? ''
  if (user === '' || outcome === 'discarded' || outcome === 'no-speech') return []
  if (pair !== undefined && !(pair.goesOn ?? pair.askedAs === 1)) return []
  if (outcome !== 'completed' && heardText === null) return []
  const heard = heardText?.trim() ?? ''
  if (heard === '' && (outcome === 'failed' || errorCode === 'empty_reply')) return []
  return [{ user, heard }]
}
