import { statSync } from 'node:fs'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Database, emptyLog, fileProblem, openDatabase, sqliteCode } from './database.ts'

export type RecordFile = ReturnType<typeof openRecordFile>

/**
 * The record's file: opened when it is first used, and anew after it was damaged, moved, replaced, deleted or out of reach.
 * @param options.readOnly neither makes nor migrates the file
 */
export function openRecordFile(path: string, { readOnly, log }: { readOnly: boolean; log: Log | undefined }) {
  let database: Database | null = null
  /** Which files are open; null before the first use has made the log. */
  let opened: string | null = null
  let problem: { error: QuantvoxError; writing: boolean } | null = null

  function openFile(waitMs: number): Database {
    try {
      database ??= openDatabase(path, { readOnly, waitMs })
      return database
    } catch (error) {
      problem = { error: fileProblem(path, error), writing: true }
      throw problem.error
    }
  }

  function forget(): void {
    const broken = database
    database = null
    opened = null
    try {
      broken?.close()
    } catch (error) {
      log?.warn({ err: error }, 'The damaged turn record could not be closed.')
    }
  }

  /** A file that was moved or deleted, or whose log was, would go on taking rows where nobody finds them. */
  function letGoIfMoved(): void {
    if (database === null || opened === null || opened === filesAt(path)) return
    // SQLite leaves the log of a moved file where it is, and would play it into the next file of that name.
    try {
      if (!emptyLog(database)) throw wasMoved(path)
    } catch (error) {
      problem = { error: fileProblem(path, error), writing: true }
      throw problem.error
    }
    log?.warn({}, 'The turn record was moved, replaced or deleted while it was open; it is opened anew.')
    forget()
  }

  return {
    /** Runs `work` on the open file. An opening waits `waitMs` for another's lock. Throws `QuantvoxError` only. */
    use<T>(kind: 'read' | 'write', work: (open: Database) => T, waitMs = 0): T {
      letGoIfMoved()
      const open = openFile(waitMs)
      try {
        const result = work(open)
        if (!readOnly) opened ??= filesAt(path)
        // A read that works says nothing about what the file refused to take.
        if (kind === 'write' || !problem?.writing) problem = null
        return result
      } catch (error) {
        const failure = fileProblem(path, error)
        if (sqliteCode(error) !== null)
          problem = { error: failure, writing: kind === 'write' || problem?.writing === true }
        if (outlivesHandle(error)) forget()
        throw failure
      }
    },
    /** Why the last that was asked of it failed; a write that failed counts until one works. Null where all is well. */
    problem: (): QuantvoxError | null => problem?.error ?? null,
    close(): void {
      database?.close()
      database = null
    },
  }
}

/** The file and its log by their numbers on the disk. */
function filesAt(path: string): string {
  try {
    return ['', '-wal'].map(end => statSync(`${path}${end}`, { throwIfNoEntry: false })?.ino).join()
  } catch {
    return '' // out of reach: opening it says why
  }
}

const wasMoved = (path: string) =>
  new QuantvoxError(
    'internal',
    `The turn record ${path} was moved or deleted while another program reads it.`,
    {
      meaning: 'Turns are answered, but cannot be recorded until that program has closed it.',
      mend: 'Close the other program that has it open.',
    },
  )

/** A damaged or replaced file stays damaged for this handle: it is opened anew next time. */
const outlivesHandle = (error: unknown) => [10, 11, 14, 26].includes(sqliteCode(error) ?? -1)
