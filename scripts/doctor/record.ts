import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../server/config.ts'
import type { QuantvoxError } from '../../server/errors.ts'
import { fileProblem } from '../../server/record/sqlite/database.ts'
import { findDamage } from '../../server/record/sqlite/integrity.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../server/record/sqlite/store.ts'
import { type Finding, finding } from './finding.ts'

/** A server that runs holds the lock for a millisecond at a time. */
const LOCK_WAIT_MS = 1_000

/** The record of turns: whether it can be read and written, and is whole. */
export async function examineRecord(config: Config): Promise<Finding> {
  const why = 'Turns that the record does not take are answered, but lost at the next stop.'
  const path = join(config.DATA_DIR, TURN_FILE_NAME)
  if (!existsSync(path)) return finding('record', `none yet at ${path}`, null, why)
  const store = openTurnStore(path, { saveText: true, readOnly: true })
  const problem = store.status.problem ?? cannotWrite(path) ?? (await findDamage(path))
  store.close()
  if (problem !== null) {
    return finding('record', problem.message, { state: 'wrong', mend: problem.mend ?? '' }, why)
  }
  return finding('record', `${path} is whole`, null, why)
}

/** Takes the write lock and gives it back: nothing is changed. */
function cannotWrite(path: string): QuantvoxError | null {
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
