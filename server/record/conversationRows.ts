import { QuantvoxError } from '../errors.ts'
import {
  type ConversationPage,
  FIRST_QUESTION_LENGTH,
  type KeptConversation,
} from '../protocol/conversations.ts'
import type { Row } from './rows.ts'
import { cursorOf, positionOf } from './selection.ts'

/** Of which turns conversations are, as an SQL condition: those with words, asked by people where their history goes on. */
export const ofConversations = "transcript <> '' AND source IN ('socket', 'rest', 'wyoming')"
export const firstQuestion = `substr(transcript, 1, ${FIRST_QUESTION_LENGTH})`

/** Later than any. */
const END_OF_TIME = [Number.MAX_SAFE_INTEGER, ''] as const

/** Where a page begins, the latest first: the time of a last turn and an id, which come before all of its rows. */
export function placeBefore(
  cursor: string | null | undefined,
): readonly [lastTurnAtMs: number, conversationId: string] {
  if (cursor == null) return END_OF_TIME
  const { startedAtMs, turnId } = positionOf(cursor)
  return [startedAtMs, turnId]
}

/** @param rows one more than `limit` where there are more */
export function pageOfRows(rows: readonly Row[], limit: number): ConversationPage {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const place = last && { startedAtMs: Number(last.lastTurnAtMs), turnId: String(last.conversationId) }
  return {
    items: items.map(conversationOfRow),
    nextCursor: rows.length > limit && place ? cursorOf(place) : null,
  }
}

export function conversationOfRow(row: Row): KeptConversation {
  const { title, firstQuestion } = row
  return {
    conversationId: String(row.conversationId),
    title: typeof title === 'string' ? title : null,
    firstQuestion: typeof firstQuestion === 'string' ? firstQuestion : '',
    startedAt: new Date(Number(row.startedAtMs)).toISOString(),
    lastTurnAt: new Date(Number(row.lastTurnAtMs)).toISOString(),
    turns: Number(row.turns),
  }
}

export const keepsNoWords = () =>
  new QuantvoxError('invalid_state', 'A conversation is given no name while SAVE_TEXT is off.', {
    meaning: 'No words of conversations are kept.',
    mend: 'Set SAVE_TEXT=true to keep them.',
  })
