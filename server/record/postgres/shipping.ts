import type { Log } from '../../log.ts'
import type { Row } from '../rows.ts'
import type { Spool } from '../sqlite/store.ts'
import { RowRefused } from './database.ts'

/** Rows of one statement: 1,900 a second go over one connection that way. */
const ROWS_AT_ONCE = 500
const RETRY_MS = 1_000

export type Shipping = {
  /** Something waits: it is taken as soon as the event loop is free; at the next try where the last one failed. */
  wake(): void
  /** Settles when nothing waits that is not refused; rejects with what keeps it from that. */
  shipped(): Promise<void>
  close(): void
}

/**
 * Takes what waits in the spool to where the record is, in batches, and drops what has arrived. A replica that dies in between ships a
 * row twice; the first stays. A row that is refused stays in the spool until the next start, and holds up none behind it.
 */
export function createShipping(
  spool: Spool,
  insert: (rows: readonly Row[]) => Promise<unknown>,
  log?: Log,
): Shipping {
  const refused: string[] = []
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let failing = false
  let closed = false

  async function take(rows: readonly Row[]): Promise<void> {
    try {
      await insert(rows)
    } catch (error) {
      if (!(error instanceof RowRefused)) throw error
      if (rows.length > 1) {
        for (const row of rows) await take([row])
        return
      }
      const turnId = String(rows[0]?.turnId)
      refused.push(turnId)
      log?.error({ err: error, turnId }, 'A turn stays in the spool: the record does not take its row.')
      return
    }
    if (!closed) spool.drop(rows.map(row => String(row.turnId)))
  }

  async function shipAll(): Promise<void> {
    for (;;) {
      const rows = closed ? [] : spool.oldest(ROWS_AT_ONCE, refused)
      if (rows.length === 0) break
      await take(rows)
    }
    if (failing) log?.info({}, 'The record takes turns again; those that waited are there.')
    failing = false
  }

  function ship(): Promise<void> {
    running ??= shipAll()
      .catch((error: unknown) => {
        if (!failing) log?.warn({ err: error }, 'Turns wait in the spool: the record does not take them.')
        failing = true
        later(RETRY_MS)
        throw error
      })
      .finally(() => {
        running = null
      })
    return running
  }

  function later(ms: number): void {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = null
      // `ship` has told it, and comes back.
      ship().catch(() => {})
    }, ms).unref()
  }

  return {
    wake: () => {
      // A failure has its timer, and a batch under way may have been read before this.
      if (!failing) later(0)
    },
    async shipped() {
      await running?.catch(() => {})
      await ship()
    },
    close() {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}
