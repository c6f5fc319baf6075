import { setImmediate as nextLoopTurn } from 'node:timers/promises'
import type { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { TurnFilters } from '../../protocol/turnQueries.ts'
import { placeOf, type Row, readable, rowColumns, storedTurn, turnOfRow } from '../rows.ts'
import { cursorOf, newestFirst, type Position, positionOf, selectionOf } from '../selection.ts'
import type { TurnStore } from '../turnStore.ts'
import { type Database, emptyLog, fileProblem, OPEN_WAIT_MS, proveWritable, sqliteCode } from './database.ts'
import { findDamage } from './integrity.ts'
import { keptConversations } from './keptConversations.ts'
import { createLogSync } from './logSync.ts'
import { openRecordFile } from './recordFile.ts'
import { createUnwrittenRows, type UnwrittenRow } from './unwritten.ts'

/** Rows read and checked at a stretch: about 3 ms. */
const ROWS_AT_A_STRETCH = 100
/** Characters after which a stretch ends, and a page too, since it is written as one JSON: a turn's text may have 100,000. */
const CHARACTERS_AT_A_STRETCH = 2 ** 20
/** How long until what the file refused is tried again when no turn comes. */
const RETRY_MS = 5_000
const CONSTRAINT_VIOLATED = 19

/** The record's file inside DATA_DIR. */
export const TURN_FILE_NAME = 'quantvox.sqlite'
/** Its like of a replica whose record is elsewhere: rows until they are there. */
export const SPOOL_FILE_NAME = 'quantvox.spool.sqlite'

/** What is in the file waits to be taken elsewhere. Each throws `internal` like the reads of a store. */
export type Spool = {
  /** At most so many rows, fewer where they are long, the oldest first; none of `except`. */
  oldest(most: number, except: readonly string[]): Row[]
  /** Drops rows that are elsewhere now. What is left of them in the log goes with `emptyLog`. */
  drop(turnIds: readonly string[]): void
  count(): number
  emptyLog(): void
}

const insertRow = `INSERT INTO turns (turnId, startedAtMs, record, transcript, reply, heardText) VALUES (?, ?, ?, ?, ?, ?)`
const deleteThese = 'DELETE FROM turns WHERE turnId IN (SELECT value FROM json_each(?))'
const deleteOldest = `DELETE FROM turns WHERE turnId IN
  (SELECT turnId FROM turns WHERE startedAtMs < ? ORDER BY startedAtMs LIMIT ?) RETURNING turnId`

/**
 * Opens the turn record at `path`. Never throws: a file that cannot be opened or written gives a store whose `status`
 * says why, and every insert, and a timer, tries again. Rows are flushed to the disk in the background; a deleted one is
 * overwritten, also in the write-ahead log, there as soon as nobody reads the file.
 *
 * @param options.saveText false keeps transcript, reply and heardText out of the file and out of memory
 * @param options.verify reads the whole file once, on a thread, and lets log and `status` say where it is damaged
 */
export function openTurnStore(
  path: string,
  options: { saveText: boolean; readOnly?: boolean; verify?: boolean; log?: Log },
): TurnStore & { waiting: Spool } {
  const { log, readOnly = false } = options
  const unwritten = createUnwrittenRows()
  const logSync = createLogSync(path, error =>
    log?.warn({ err: error }, 'The turn record could not be flushed to the disk.'),
  )
  const file = openRecordFile(path, { readOnly, log })
  let damage: QuantvoxError | null = null
  /** A row was deleted that the log may still hold, also one of before a crash. */
  let logHoldsDeleted = !readOnly
  let retry: NodeJS.Timeout | null = null
  let closed = false

  function writeRow(open: Database, { record, text }: UnwrittenRow) {
    const json = JSON.stringify(record)
    try {
      open
        .prepare(insertRow)
        .run(record.turnId, Date.parse(record.startedAt), json, text.transcript, text.reply, text.heardText)
    } catch (error) {
      if (sqliteCode(error) !== CONSTRAINT_VIOLATED) throw error
      // Trying again cannot help, and it must not hold up the rows behind it.
      log?.error({ err: error, turnId: record.turnId }, 'A turn was not recorded: the row is not valid.')
    }
  }

  function writeUnwritten(waitMs = 0): boolean {
    try {
      const late = unwritten.count - 1
      file.use('write', open => unwritten.drain(row => writeRow(open, row)), waitMs)
      logSync.request()
      if (late > 0) log?.warn({ turns: late }, 'The turn record works again; turns that waited are written.')
      return true
    } catch {
      // `problem` holds it; the callers say it to the log.
      tryLater()
      return false
    }
  }

  function tryLater(): void {
    if (!closed && !readOnly) retry ??= setTimeout(tryAgain, RETRY_MS).unref()
  }

  function tryAgain(): void {
    retry = null
    if (unwritten.count > 0 && !writeUnwritten()) return
    try {
      if (file.problem() !== null) file.use('write', proveWritable)
      if (logHoldsDeleted) file.use('write', forgetLog)
    } catch {
      tryLater()
    }
  }

  function forgetLog(open: Database): void {
    logHoldsDeleted = !emptyLog(open)
    if (logHoldsDeleted) tryLater()
  }

  function begin(): void {
    try {
      if (readOnly) file.use('read', () => {}, OPEN_WAIT_MS)
      else file.use('write', proveWritable, OPEN_WAIT_MS)
      if (logHoldsDeleted) file.use('write', forgetLog)
    } catch (error) {
      log?.error({ err: error }, fileProblem(path, error).line)
      tryLater()
    }
  }

  async function verify(): Promise<void> {
    const found = await findDamage(path)
    if (found === null || closed) return
    damage = found
    log?.error({ err: damage }, damage.line)
  }

  begin()
  if (options.verify) void verify()

  return {
    ...keptConversations({ file, unwritten, saveText: options.saveText, forgetLog }),
    get status() {
      return {
        recording: file.problem() === null,
        problem: file.problem() ?? damage,
        unwritten: unwritten.count,
        spool: null,
      }
    },

    insert(record, text) {
      const kept = options.saveText ? text : { transcript: null, reply: null, heardText: null }
      const lost = unwritten.push({ record, text: kept })
      if (lost)
        log?.error({ turnId: lost.record.turnId }, 'A turn is lost: too many wait for the turn record.')
      if (writeUnwritten()) return
      log?.error(
        { err: file.problem(), turnId: record.turnId, unwritten: unwritten.count },
        'A turn is not recorded yet; it is kept in memory and written as soon as the turn record works.',
      )
    },

    async get(turnId) {
      const waiting = unwritten.find(turnId)
      if (waiting) return storedTurn(waiting.record, waiting.text)
      return file.use('read', open => {
        const row = open.prepare(`SELECT ${rowColumns} FROM turns WHERE turnId = ?`).get(turnId)
        return row === undefined ? null : turnOfRow(row)
      })
    },

    async delete(turnId) {
      if (unwritten.remove(turnId)) return true
      return file.use('write', open => {
        if (open.prepare('DELETE FROM turns WHERE turnId = ?').run(turnId).changes === 0) return false
        forgetLog(open)
        return true
      })
    },

    async deleteBefore(startedAt) {
      const forgotten: string[] = []
      for (;;) {
        const rows = file.use('write', open =>
          open.prepare(deleteOldest).all(startedAt.getTime(), ROWS_AT_A_STRETCH),
        )
        forgotten.push(...rows.map(row => String(row.turnId)))
        if (rows.length < ROWS_AT_A_STRETCH) break
        await nextLoopTurn()
      }
      if (forgotten.length > 0) file.use('write', forgetLog)
      return forgotten
    },

    async list(filters, limit, cursor) {
      const after = cursor == null ? null : positionOf(cursor)
      return file.use('read', open => {
        const { rows, hasMore } = readRows(open, filters, after, limit)
        const last = rows.at(-1)
        return { items: readable(rows, log), nextCursor: hasMore && last ? cursorOf(placeOf(last)) : null }
      })
    },

    async *stream(filters, signal) {
      let after: Position | null = null
      for (;;) {
        signal?.throwIfAborted()
        const page: RowPage = file.use('read', open => readRows(open, filters, after, ROWS_AT_A_STRETCH))
        yield* readable(page.rows, log)
        const last = page.rows.at(-1)
        if (!last || !page.hasMore) return
        after = placeOf(last)
        await nextLoopTurn()
      }
    },

    waiting: {
      oldest: (most, except) =>
        file.use('read', open => {
          const select = open.prepare(
            `SELECT ${rowColumns} FROM turns WHERE turnId NOT IN (SELECT value FROM json_each(?)) ORDER BY startedAtMs, turnId LIMIT ?`,
          )
          return withinStretch(select.iterate(JSON.stringify(except), most))
        }),
      drop(turnIds) {
        logHoldsDeleted = true
        file.use('write', open => open.prepare(deleteThese).run(JSON.stringify(turnIds)))
      },
      count: () => file.use('read', open => Number(open.prepare('SELECT count(*) AS n FROM turns').get()?.n)),
      emptyLog: () => file.use('write', forgetLog),
    },

    close() {
      if (closed) return
      closed = true
      if (unwritten.count > 0 && !writeUnwritten(OPEN_WAIT_MS)) {
        log?.error(
          { err: file.problem(), lost: unwritten.count },
          'Turns are lost: the turn record did not take them.',
        )
      }
      if (retry) clearTimeout(retry)
      // The last to close the file empties the log anyway; this is for where another still has it open.
      try {
        if (logHoldsDeleted) file.use('write', emptyLog)
      } catch (error) {
        log?.warn(
          { err: error },
          'Deleted turns may still be in the write-ahead log; the next start empties it.',
        )
      }
      file.close()
    },
  }
}

/** Rows until a stretch has enough characters; one at least, where there is one. */
function withinStretch(rows: Iterable<Row>): Row[] {
  const taken: Row[] = []
  let characters = 0
  for (const row of rows) {
    taken.push(row)
    characters += charactersIn(row)
    if (characters > CHARACTERS_AT_A_STRETCH) break
  }
  return taken
}

const charactersIn = (row: Row): number =>
  Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0)

type RowPage = { rows: Row[]; hasMore: boolean }

/** At most so many rows, fewer where they are long, and whether others come after them. */
function readRows(open: Database, filters: TurnFilters, after: Position | null, most: number): RowPage {
  const { where, values } = selectionOf(filters, after)
  const select = open.prepare(`SELECT ${rowColumns} FROM turns ${where} ${newestFirst} LIMIT ?`)
  const rows: Row[] = []
  let characters = 0
  for (const row of select.iterate(...values, most + 1)) {
    if (rows.length === most || characters > CHARACTERS_AT_A_STRETCH) return { rows, hasMore: true }
    rows.push(row)
    characters += charactersIn(row)
  }
  return { rows, hasMore: false }
}
