import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { QuantvoxError } from '../../errors.ts'
import { makePrivate, PRIVATE_FILE, PRIVATE_FOLDER } from '../../files/privateFiles.ts'
import { schemaVersion } from '../migrations.ts'
import { migrate, requireCurrentSchema } from './migrations.ts'

/** A migration may wait this long for another process; it runs before the server listens. */
export const OPEN_WAIT_MS = 2_000
/**
 * A write waits this long for another process's lock. SQLite waits on the event loop, so it is short: what it
 * refuses is kept in memory and written later.
 */
const BUSY_WAIT_MS = 20

/** Prepared statements by their text: the same few selections come again and again. */
export type Database = ReturnType<typeof openDatabase>

/**
 * Opens the record's file, makes or migrates it. Throws SQLite's error or a `QuantvoxError`.
 *
 * WAL lets a reader read while a turn is written. With `synchronous = NORMAL` a commit does not wait for the disk,
 * which took up to 218 ms on a busy machine (FULL: p50 1.9 ms, p99 14 ms; NORMAL: 0.03 and 0.2 ms) with the event
 * loop standing still. A committed row survives a crash of the process all the same; against one of the machine see
 * logSync.ts. `secure_delete` overwrites what is deleted, for transcripts are private.
 */
export function openDatabase(path: string, options: { readOnly: boolean; waitMs: number }) {
  if (!options.readOnly && path !== ':memory:') makeFile(path)
  const database = options.readOnly
    ? openToRead(path, options.waitMs)
    : new DatabaseSync(path, { timeout: options.waitMs, allowExtension: false })
  try {
    if (!options.readOnly) {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON')
      migrate(database)
      database.exec(`PRAGMA busy_timeout = ${BUSY_WAIT_MS}`)
    }
  } catch (error) {
    database.close()
    throw error
  }
  const prepared = new Map<string, StatementSync>()
  return {
    prepare(sql: string): StatementSync {
      const statement = prepared.get(sql) ?? database.prepare(sql)
      prepared.set(sql, statement)
      return statement
    },
    exec: (sql: string): void => database.exec(sql),
    close: (): void => database.close(),
  }
}

/** The log and its index get the mode of the file. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER })
  // A file that is there may be in use: closing it here would give up all the locks that this process has on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', PRIVATE_FILE))
  for (const end of ['', '-wal', '-shm']) makePrivate(`${path}${end}`)
}

/**
 * A reader of a WAL file needs to write its index file. Where it may not, and no log waits, the file is as it is and
 * can be read as immutable (https://sqlite.org/wal.html, "Read-Only Databases").
 */
function openToRead(path: string, timeout: number): DatabaseSync {
  const settings = { readOnly: true, timeout, allowExtension: false }
  const database = new DatabaseSync(path, settings)
  try {
    requireCurrentSchema(database)
    return database
  } catch (error) {
    database.close()
    const mayNotWrite = [8, 14].includes(sqliteCode(error) ?? 0)
    if (!mayNotWrite || existsSync(`${path}-wal`)) throw error
  }
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  const still = new DatabaseSync(url, settings)
  try {
    requireCurrentSchema(still)
    return still
  } catch (error) {
    still.close()
    throw error
  }
}

/**
 * Writes one page as it was: throws where the file is locked or read-only or the disk is full, before a turn meets it.
 */
export function proveWritable(database: Database): void {
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
}

/**
 * The log still holds the old pages of a deleted row; emptying it makes "forget" true. False where somebody who reads
 * the file right now delays that.
 */
export function emptyLog(database: Database): boolean {
  return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
}

/** SQLite's primary result code (https://sqlite.org/rescode.html), null for any other error. */
export function sqliteCode(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null
  return typeof code === 'number' ? code & 0xff : null
}

/** What mends a file that SQLite cannot use. */
export const moveAway =
  'Move it away with its -wal and -shm files, or restore it from a copy; a new one is made at the next turn.'

const problems: Readonly<Record<number, { happened: string; mend: string }>> = {
  5: {
    happened: 'is locked by another program',
    mend: 'Close the program that has it open, or stop the other Quantvox with the same DATA_DIR.',
  },
  8: {
    happened: 'is read-only',
    mend: 'Give this user the right to write it, or set DATA_DIR to another folder.',
  },
  10: { happened: 'could not be read or written', mend: 'Check the disk that holds DATA_DIR.' },
  11: {
    happened: 'is damaged',
    mend: moveAway,
  },
  13: { happened: 'could not grow: the disk is full', mend: 'Free space on the disk that holds DATA_DIR.' },
  14: {
    happened: 'cannot be opened',
    mend: 'Check that DATA_DIR exists and that this user may write there, or set it to another folder.',
  },
  26: {
    happened: 'is not an SQLite file',
    mend: moveAway,
  },
}

/** Any failure of the file as one `internal` error that says what is wrong with which file and what mends it. */
export function fileProblem(path: string, error: unknown): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const code = sqliteCode(error)
  const known = code === null ? undefined : problems[code]
  const said = error instanceof Error ? error.message : String(error)
  return new QuantvoxError('internal', `The turn record ${path} ${known?.happened ?? `failed: ${said}`}.`, {
    meaning: 'Turns are answered, but cannot be recorded or read.',
    mend: known?.mend ?? 'Check DATA_DIR and the disk that holds it.',
    cause: error,
  })
}
