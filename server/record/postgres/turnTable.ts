import type { Log } from '../../log.ts'
import type { StoredTurn } from '../../protocol/record.ts'
import type { TurnFilters, TurnPage } from '../../protocol/turnQueries.ts'
import { placeOf, type Row, readable, turnOfRow } from '../rows.ts'
import { cursorOf, newestFirst, type Position, positionOf, selectionOf } from '../selection.ts'
import type { Postgres } from './database.ts'

/** Rows of one query: a page has their texts, up to 100,000 characters each, in memory at once. */
const ROWS_AT_ONCE = 100

const columns = `startedAtMs AS "startedAtMs", turnId AS "turnId", record::text AS record, transcript, reply, heardText AS "heardText"`

/** In one statement, so that a batch is there or not. What was forgotten keeps its id, and so it stays forgotten. */
const insertRows = `INSERT INTO turns (turnId, startedAtMs, record, transcript, reply, heardText)
  SELECT turnId, startedAtMs, record::json, transcript, reply, heardText
  FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS shipped (turnId, startedAtMs, record, transcript, reply, heardText)
  ON CONFLICT DO NOTHING RETURNING turnId`
/** Of a turn that is forgotten, the id stays. */
export const forgetRows = `UPDATE turns SET record = NULL, transcript = NULL, reply = NULL, heardText = NULL`
const forgetRow = `${forgetRows} WHERE turnId = $1 AND record IS NOT NULL RETURNING turnId`
/** Several replicas may sweep at once. */
const deleteOldest = `DELETE FROM turns WHERE turnId IN
  (SELECT turnId FROM turns WHERE startedAtMs < $1 ORDER BY startedAtMs LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING turnId AS "turnId", record IS NOT NULL AS known`

export type TurnTable = ReturnType<typeof createTurnTable>

/** The rows of all replicas. Rejects as `Postgres.query` does. */
export function createTurnTable(database: Postgres, log?: Log) {
  /** At most so many rows and one that says whether there are more. */
  async function read(filters: TurnFilters, after: Position | null, most: number) {
    const { where, values } = selectionOf(filters, after)
    const known = where === '' ? 'WHERE record IS NOT NULL' : `${where} AND record IS NOT NULL`
    const sql = numbered(`SELECT ${columns} FROM turns ${known} ${newestFirst} LIMIT ?`)
    const rows = await database.query(sql, [...values, most + 1])
    return { rows: rows.slice(0, most), hasMore: rows.length > most }
  }

  async function* pages(filters: TurnFilters, from: Position | null, most: number) {
    let after = from
    let left = most
    for (;;) {
      const page = await read(filters, after, Math.min(left, ROWS_AT_ONCE))
      yield page
      const last = page.rows.at(-1)
      left -= page.rows.length
      if (last === undefined || !page.hasMore || left === 0) return
      after = placeOf(last)
    }
  }

  return {
    /** All of them or none; ids that are there stay as they are. Resolves to how many are new. Rejects with `RowRefused` for one that cannot be one. */
    async insert(rows: readonly Row[]): Promise<number> {
      const column = (name: string) => rows.map(row => storable(row[name]))
      const names = ['turnId', 'startedAtMs', 'record', 'transcript', 'reply', 'heardText']
      return (await database.query(insertRows, names.map(column))).length
    },
    async get(turnId: string): Promise<StoredTurn | null> {
      const sql = `SELECT ${columns} FROM turns WHERE turnId = $1 AND record IS NOT NULL`
      const [row] = await database.query(sql, [storable(turnId)])
      return row === undefined ? null : turnOfRow(row)
    },
    async list(filters: TurnFilters, limit: number, cursor?: string | null): Promise<TurnPage> {
      const rows: Row[] = []
      let more = false
      for await (const page of pages(filters, cursor == null ? null : positionOf(cursor), limit)) {
        rows.push(...page.rows)
        more = page.hasMore
      }
      const last = rows.at(-1)
      return { items: readable(rows, log), nextCursor: more && last ? cursorOf(placeOf(last)) : null }
    },
    async *stream(filters: TurnFilters, signal?: AbortSignal): AsyncGenerator<StoredTurn, void, void> {
      for await (const page of pages(filters, null, Number.POSITIVE_INFINITY)) {
        signal?.throwIfAborted()
        for (const turn of readable(page.rows, log)) {
          yield turn
          signal?.throwIfAborted()
        }
      }
    },
    forget: async (turnId: string): Promise<boolean> =>
      (await database.query(forgetRow, [storable(turnId)])).length > 0,
    async deleteBefore(startedAt: Date): Promise<string[]> {
      const forgotten: string[] = []
      for (;;) {
        const rows = await database.query(deleteOldest, [startedAt.getTime(), ROWS_AT_ONCE])
        forgotten.push(...rows.filter(row => row.known).map(row => String(row.turnId)))
        if (rows.length < ROWS_AT_ONCE) return forgotten
      }
    },
  }
}

/** PostgreSQL has no U+0000 in a text, nor can `->>` give it; SQLite has. */
export const storable = (value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '\ufffd').replaceAll('\\u0000', '\\ufffd') : value

function numbered(sql: string): string {
  let number = 0
  return sql.replaceAll('?', () => `$${++number}`)
}
