import { existsSync } from 'node:fs'
import { QuantvoxError } from '../../errors.ts'
import { silentLog } from '../../log.ts'
import type { StoredTurn } from '../../protocol/record.ts'
import type { Row } from '../rows.ts'
import { openTurnStore } from '../sqlite/store.ts'
import { openPostgres, RowRefused } from './database.ts'
import { createTurnTable, type TurnTable } from './turnTable.ts'

const ROWS_AT_ONCE = 100

export type Imported = {
  /** Turns that were not there. */
  added: number
  /** Turns that were, or were forgotten there. */
  known: number
  /** Rows that are no turn record, or that PostgreSQL does not take. */
  refused: number
}

/**
 * Copies every turn of an SQLite record to the shared one, which may be in use; the file stays as it is, and what was copied before is
 * not copied again. Throws `not_found` for no file, `internal` for one that cannot be read, `record_unavailable`, the signal's reason.
 */
export async function importRecord(path: string, url: string, signal: AbortSignal): Promise<Imported> {
  if (!existsSync(path)) {
    throw new QuantvoxError('not_found', `There is no turn record at ${path}.`, {
      mend: 'Name the file of a server, quantvox.sqlite in its DATA_DIR, or a copy of it.',
    })
  }
  const counts: Imported = { added: 0, known: 0, refused: 0 }
  const refuse = () => void counts.refused++
  const source = openTurnStore(path, {
    ...{ saveText: true, readOnly: true },
    log: { ...silentLog, warn: refuse },
  })
  const database = openPostgres(url, 'import')
  try {
    if (source.status.problem) throw source.status.problem
    const table = createTurnTable(database)
    let rows: Row[] = []
    for await (const turn of source.stream({}, signal)) {
      rows.push(rowOf(turn))
      if (rows.length < ROWS_AT_ONCE) continue
      await copy(table, rows, counts)
      rows = []
    }
    await copy(table, rows, counts)
    return counts
  } finally {
    source.close()
    await database.close()
  }
}

async function copy(table: TurnTable, rows: readonly Row[], counts: Imported): Promise<void> {
  try {
    const added = await table.insert(rows)
    counts.added += added
    counts.known += rows.length - added
  } catch (error) {
    if (!(error instanceof RowRefused)) throw error
    if (rows.length === 1) counts.refused++
    else for (const row of rows) await copy(table, [row], counts)
  }
}

function rowOf({ transcript, reply, heardText, ...record }: StoredTurn): Row {
  const startedAtMs = Date.parse(record.startedAt)
  return { turnId: record.turnId, startedAtMs, record: JSON.stringify(record), transcript, reply, heardText }
}
