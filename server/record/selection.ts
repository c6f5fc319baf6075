import { QuantvoxError } from '../errors.ts'
import type { TurnFilters } from '../protocol/turnQueries.ts'

/** A place in the order of turns: newest first, by start time, then by id (a UUIDv7, so again by time). */
export type Position = { startedAtMs: number; turnId: string }

export const newestFirst = 'ORDER BY startedAtMs DESC, turnId DESC'

/** The filters as an SQL condition with its values; `after` leaves only what is older than that place. */
export function selectionOf(
  filters: TurnFilters,
  after: Position | null,
): { where: string; values: (string | number)[] } {
  const conditions: string[] = []
  const values: (string | number)[] = []
  const add = (condition: string, ...of: (string | number)[]) => {
    conditions.push(condition)
    values.push(...of)
  }
  if (filters.since !== undefined) add('startedAtMs >= ?', timeOf('since', filters.since))
  if (filters.until !== undefined) add('startedAtMs < ?', timeOf('until', filters.until))
  if (after) add('(startedAtMs, turnId) < (?, ?)', after.startedAtMs, after.turnId)
  for (const column of ['outcome', 'source', 'conversationId', 'llmModel', 'speechModel', 'voice'] as const) {
    const value = filters[column]
    if (value !== undefined) add(`${column} = ?`, value)
  }
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values }
}

/** Opaque to clients; still right when the turn it names is deleted in between. */
export function cursorOf({ startedAtMs, turnId }: Position): string {
  return Buffer.from(`${startedAtMs} ${turnId}`).toString('base64url')
}

/** Throws `invalid_request` for what `cursorOf` never made. */
export function positionOf(cursor: string): Position {
  const [, time, turnId] = /^(\d{1,16}) (\S+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (time === undefined || turnId === undefined) {
    throw new QuantvoxError('invalid_request', 'The cursor is not one that this server gave.', {
      mend: 'Start again without cursor, and pass nextCursor of each page unchanged.',
    })
  }
  return { startedAtMs: Number(time), turnId }
}

function timeOf(name: string, text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) {
    throw new QuantvoxError('invalid_request', `${name} is not a date and time: ${text}`, {
      mend: 'Write it as 2026-11-23T08:00:00Z.',
    })
  }
  return time
}
