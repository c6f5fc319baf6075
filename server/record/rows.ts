import { setTimeout as sleep } from 'node:timers/promises'
import { Compile } from 'typebox/schema'
import { validate, version } from 'uuid'
import { QuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type StoredTurn, TurnRecord, TurnText } from '../protocol/record.ts'
import type { Position } from './selection.ts'

/** A row as a database gives it. That is outside: anyone may have edited it. */
export type Row = Record<string, unknown>

export const rowColumns = 'startedAtMs, turnId, record, transcript, reply, heardText'

const recordCheck = Compile(TurnRecord)
const textCheck = Compile(TurnText)

/** Of what rows were written without before it was recorded: unknown, as null says. */
const laterOfSynthesis = { digest: null, quantization: null, realTimeFactor: null }

/** Checks a row once. Throws `internal` that names the turn when it is not a turn record. */
export function turnOfRow(row: Row): StoredTurn {
  const record = completed(parsed(row.record))
  const text = { transcript: row.transcript, reply: row.reply, heardText: row.heardText }
  if (!recordCheck.Check(record) || !textCheck.Check(text) || record.turnId !== row.turnId) {
    throw new QuantvoxError('internal', `The row of turn ${String(row.turnId)} is not a valid turn record.`, {
      meaning: 'It was changed by something other than Quantvox, or the file is damaged.',
      mend: 'Delete the turn, or restore the record from a copy.',
    })
  }
  return { ...record, ...text }
}

/** A record and its text as one object, in the order of the schema. */
export function storedTurn(record: TurnRecord, text: TurnText): StoredTurn {
  return { ...record, transcript: text.transcript, reply: text.reply, heardText: text.heardText }
}

function completed(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || !('synthesis' in record)) return record
  const { synthesis } = record
  return typeof synthesis === 'object'
    ? { ...record, synthesis: { ...laterOfSynthesis, ...synthesis } }
    : record
}

function parsed(json: unknown): unknown {
  if (typeof json !== 'string') return null
  try {
    return JSON.parse(json)
  } catch {
    return null // not JSON is not a record either; the check says so
  }
}

export const placeOf = (row: Row): Position => ({
  startedAtMs: Number(row.startedAtMs),
  turnId: String(row.turnId),
})

/** One bad row must not hide the others: it is logged and left out. `get` says what is wrong with it. */
export function readable(rows: readonly Row[], log: Log | undefined): StoredTurn[] {
  return rows.flatMap(row => {
    try {
      return [turnOfRow(row)]
    } catch (error) {
      log?.warn({ err: error, turnId: row.turnId }, 'A row of the turn record is not valid and is left out.')
      return []
    }
  })
}

/** The time in a UUIDv7: its first 48 bits, Unix milliseconds (RFC 9562, 5.7). Infinity for any other name. */
export function begunAtMs(turnId: string): number {
  if (!validate(turnId) || version(turnId) !== 7) return Number.POSITIVE_INFINITY
  return Number.parseInt(turnId.replaceAll('-', '').slice(0, 12), 16)
}

/** What is looked for, of a turn, where another server may just have made it. */
type OnItsWay = {
  /** Milliseconds after a turn began: of an older one it has arrived, or will not. */
  youngMs: number
  withinMs: number
  lookMs: number
}

/** Looks until it is there, at once only for a turn that is not young; null where it is not there by then. Rejects as `find`. */
export async function findOnItsWay<T>(
  turnId: string,
  find: () => Promise<T | null>,
  { youngMs, withinMs, lookMs }: OnItsWay,
): Promise<T | null> {
  const begunAt = begunAtMs(turnId)
  const isYoung = Number.isFinite(begunAt) && begunAt > Date.now() - youngMs
  const giveUpAt = performance.now() + (isYoung ? withinMs : 0)
  for (;;) {
    const found = await find()
    if (found !== null || performance.now() >= giveUpAt) return found
    await sleep(lookMs)
  }
}
