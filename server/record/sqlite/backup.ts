import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { QuantvoxError } from '../../errors.ts'
import { PRIVATE_FILE } from '../../files/privateFiles.ts'
import { fileProblem } from './database.ts'

/** Another process's lock is waited for so long; a server holds one for a millisecond at a time. */
const LOCK_WAIT_MS = 5_000

/**
 * Copies the record at `path` to `target` as it is at one moment, without its deleted rows and free pages, while a
 * server goes on writing (https://sqlite.org/lang_vacuum.html, "VACUUM INTO"). `target` gets its name, over an older
 * one, when it is complete. A file of any version can be copied. Returns the number of turns.
 * Throws `not_found` for no record, `invalid_request` for no folder to write to, `internal` for one that cannot be read or copied.
 */
export function backUpRecord(path: string, target: string): number {
  if (!existsSync(path)) {
    throw new QuantvoxError('not_found', `There is no turn record at ${path}.`, {
      mend: 'Set DATA_DIR to the folder of the server.',
    })
  }
  if (!existsSync(dirname(resolve(target)))) {
    throw new QuantvoxError('invalid_request', `There is no folder for ${target}.`, {
      mend: 'Make it, or name another file.',
    })
  }
  const partial = `${target}.${process.pid}.part`
  rmSync(partial, { force: true })
  try {
    const source = new DatabaseSync(path, { readOnly: true, timeout: LOCK_WAIT_MS })
    try {
      // SQLite copies into an empty file, and leaves its mode.
      closeSync(openSync(partial, 'wx', PRIVATE_FILE))
      source.prepare('VACUUM INTO ?').run(partial)
    } finally {
      source.close()
    }
    const copy = new DatabaseSync(partial, { readOnly: true })
    const turns = copy.prepare('SELECT count(*) AS n FROM turns').get()
    copy.close()
    renameSync(partial, target)
    return Number(turns?.n)
  } catch (error) {
    rmSync(partial, { force: true })
    throw fileProblem(path, error)
  }
}
