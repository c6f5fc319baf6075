import type { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Database, fileProblem, openDatabase, sqliteCode } from './database.ts'

/**
 * The record's file: opened when it is first used, and anew after it was damaged, replaced or out of reach.
 * @param options.readOnly neither makes nor migrates the file
 */
export function openRecordFile(path: string, { readOnly, log }: { readOnly: boolean; log: Log | undefined }) {
  let database: Database | null = null
  let problem: { error: QuantvoxError; writing: boolean } | null = null

  function opened(waitMs: number): Database {
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
    try {
      broken?.close()
    } catch (error) {
      log?.warn({ err: error }, 'The damaged turn record could not be closed.')
    }
  }

  return {
    /** Runs `work` on the open file. An opening waits `waitMs` for another's lock. Throws `QuantvoxError` only. */
    use<T>(kind: 'read' | 'write', work: (open: Database) => T, waitMs = 0): T {
      const open = opened(waitMs)
      try {
        const result = work(open)
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

/** A damaged or replaced file stays damaged for this handle: it is opened anew next time. */
const outlivesHandle = (error: unknown) => [10, 11, 14, 26].includes(sqliteCode(error) ?? -1)
