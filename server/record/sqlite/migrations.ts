import type { DatabaseSync } from 'node:sqlite'
import { QuantvoxError } from '../../errors.ts'
import { schemaVersion, steps } from '../migrations.ts'

/**
 * Brings the open database to the newest version, all in one transaction that also keeps a second process out.
 * Throws `internal` for a file of a newer Quantvox, SQLite's own error for anything else.
 */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(database)
    if (version > schemaVersion) throw newerFile(version)
    for (const step of steps.slice(version)) database.exec(step.sqlite)
    database.exec(`PRAGMA user_version = ${schemaVersion}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** For a reader that may not migrate. Throws `internal` where the file is of another version. */
export function requireCurrentSchema(database: DatabaseSync): void {
  const version = versionOf(database)
  if (version > schemaVersion) throw newerFile(version)
  if (version < schemaVersion) {
    throw new QuantvoxError('internal', 'The turn record file is older than this Quantvox.', {
      mend: 'Start the server once with "npm start"; it brings the file up to date.',
    })
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version)
}

function newerFile(version: number): QuantvoxError {
  return new QuantvoxError(
    'internal',
    `The turn record file has schema version ${version}; this Quantvox knows versions up to ${schemaVersion}.`,
    {
      meaning: 'It was written by a newer Quantvox, so turns are not recorded.',
      mend: 'Update Quantvox, or set DATA_DIR to another folder.',
    },
  )
}
