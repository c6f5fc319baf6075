import { DatabaseSync } from 'node:sqlite'
import type { QuantvoxError } from '../../errors.ts'
import { fileProblem } from './database.ts'
import { findDamage } from './integrity.ts'
import { openTurnStore } from './store.ts'

/** A server that runs holds the lock for a millisecond at a time. */
const LOCK_WAIT_MS = 1_000

/** Why the record at `path` cannot be read or written, or where it is damaged; null for one that is well. Changes nothing. */
export async function problemOfRecord(path: string): Promise<QuantvoxError | null> {
  const store = openTurnStore(path, { saveText: true, readOnly: true })
  const { problem } = store.status
  store.close()
  return problem ?? whyNotWritable(path) ?? (await findDamage(path))
}

/** Takes the write lock and gives it back. */
function whyNotWritable(path: string): QuantvoxError | null {
  try {
    const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
    try {
      database.exec('BEGIN IMMEDIATE; ROLLBACK')
    } finally {
      database.close()
    }
    return null
  } catch (error) {
    return fileProblem(path, error)
  }
}
