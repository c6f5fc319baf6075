import type { TurnRecord, TurnText } from '../../protocol/record.ts'

/** Rows kept in memory while the file takes none; about 3 MB when full. */
const MOST_UNWRITTEN = 1_000

export type UnwrittenRow = { record: TurnRecord; text: TurnText }

export type UnwrittenRows = ReturnType<typeof createUnwrittenRows>

/** Rows that wait for the file, oldest first. `push` returns the row that had to give way, if any. */
export function createUnwrittenRows(most = MOST_UNWRITTEN) {
  const rows: UnwrittenRow[] = []
  return {
    get count() {
      return rows.length
    },
    push(row: UnwrittenRow): UnwrittenRow | null {
      rows.push(row)
      return rows.length > most ? (rows.shift() ?? null) : null
    },
    find: (turnId: string): UnwrittenRow | null => rows.find(row => row.record.turnId === turnId) ?? null,
    remove(turnId: string): boolean {
      const index = rows.findIndex(row => row.record.turnId === turnId)
      if (index >= 0) rows.splice(index, 1)
      return index >= 0
    },
    /** Gives the ids of those that it took away. */
    removeAll(isMeant: (row: UnwrittenRow) => boolean): string[] {
      const meant = rows.filter(isMeant)
      for (const row of meant) rows.splice(rows.indexOf(row), 1)
      return meant.map(row => row.record.turnId)
    },
    /** Hands rows to `write`, oldest first, and forgets each that it took; stops at the first that throws. */
    drain(write: (row: UnwrittenRow) => void): void {
      for (let row = rows[0]; row !== undefined; row = rows[0]) {
        write(row)
        rows.shift()
      }
    },
  }
}
