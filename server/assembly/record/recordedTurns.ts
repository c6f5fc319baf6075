import { within } from '../../abort.ts'
import type { RecordedTurn } from '../../conversation/conversations.ts'
import type { Log } from '../../log.ts'
import type { StoredTurn } from '../../protocol/record.ts'
import type { TurnStore } from '../../record/turnStore.ts'

/** The last turns of a conversation that is taken up again; what of them has no room in a prompt is left out there. */
const RECALLED_TURNS = 50
/** A record elsewhere that does not answer must not hold up the first turn. */
const RECALLED_WITHIN_MS = 1_000

/** What the record has of a conversation, oldest first: the turns that were in its history as they ended. Never rejects. */
export function recordedTurns(store: () => TurnStore, log?: Log) {
  /** The record has not answered in time, and until it does it is not waited for again. */
  let isLate = false
  let isFailing = false

  async function read(conversationId: string, isKnown: (turnId: string) => boolean): Promise<RecordedTurn[]> {
    const { items: newest } = await store().list({ conversationId }, 1)
    if (newest[0] === undefined || isKnown(newest[0].turnId)) return []
    return historyOf((await store().list({ conversationId }, RECALLED_TURNS)).items)
  }

  return async (conversationId: string, isKnown: (turnId: string) => boolean): Promise<RecordedTurn[]> => {
    if (isLate) return []
    try {
      const reading = read(conversationId, isKnown)
      const turns = await within(reading, RECALLED_WITHIN_MS, () => {
        isLate = true
        const inTime = () => {
          isLate = false
        }
        reading.then(inTime, inTime)
        throw new Error(`The record did not answer within ${RECALLED_WITHIN_MS} ms.`)
      })
      isFailing = false
      return turns
    } catch (error) {
      if (!isFailing)
        log?.warn({ err: error, conversationId }, 'Conversations go on without what the record has of them.')
      isFailing = true
      return []
    }
  }
}

function historyOf(newestFirst: readonly StoredTurn[]): RecordedTurn[] {
  const turns: RecordedTurn[] = []
  for (const stored of newestFirst.toReversed()) {
    const last = turns.at(-1)
    const unasked = stored.transcript === null ? (stored.heardText?.trim() ?? '') : ''
    if (last !== undefined && unasked !== '') last.heard = `${last.heard} ${unasked}`.trim()
    else turns.push(...turnInHistory(stored))
  }
  return turns
}

/** As a turn is added to the history when it ends (session/liveTurn.ts); of a pair only one of the answers is. */
function turnInHistory(stored: StoredTurn): RecordedTurn[] {
  const { turnId, outcome, errorCode, transcript, heardText, pair } = stored
  const user = transcript?.trim() ?? ''
  if (user === '' || outcome === 'discarded' || outcome === 'no-speech') return []
  if (pair !== undefined && !(pair.goesOn ?? pair.askedAs === 1)) return []
  if (outcome !== 'completed' && heardText === null) return []
  const heard = heardText?.trim() ?? ''
  if (heard === '' && (outcome === 'failed' || errorCode === 'empty_reply')) return []
  return [{ turnId, user, heard }]
}
