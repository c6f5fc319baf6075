import type { DatabaseSync } from 'node:sqlite'
import { QuantvoxError } from '../../errors.ts'

/**
 * Step n brings a file from `user_version` n to n + 1. Never edit a step that was released; add one.
 *
 * The filter columns stand before the long ones, so that SQLite reads no overflow page to filter, and they are
 * generated from the record, so that they cannot disagree with it. `startedAtMs` (Unix time) is a plain column:
 * SQLite's date functions count in floating-point days.
 */
const steps: readonly string[] = [
  `CREATE TABLE turns (
     turnId TEXT NOT NULL PRIMARY KEY,
     startedAtMs INTEGER NOT NULL,
     outcome TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.outcome') STORED,
     source TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.source') STORED,
     conversationId TEXT NOT NULL GENERATED ALWAYS AS (record ->> '$.conversationId') STORED,
     llmModel TEXT GENERATED ALWAYS AS (record ->> '$.llm.model') STORED,
     speechModel TEXT GENERATED ALWAYS AS (record ->> '$.speech.model') STORED,
     voice TEXT GENERATED ALWAYS AS (record ->> '$.synthesis.voice') STORED,
     record TEXT NOT NULL CHECK (json_valid(record)),
     transcript TEXT,
     reply TEXT,
     heardText TEXT
   ) STRICT;
   CREATE INDEX turnsByTime ON turns
     (startedAtMs, turnId, outcome, source, conversationId, llmModel, speechModel, voice);`,
]

export const schemaVersion = steps.length

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
    for (const step of steps.slice(version)) database.exec(step)
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
