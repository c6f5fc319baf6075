import { within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { findOnItsWay } from '../rows.ts'
import { openTurnStore } from '../sqlite/store.ts'
import type { Passes, SharedWork, TurnStore } from '../turnStore.ts'
import { createConversationTable } from './conversations.ts'
import { openPostgres } from './database.ts'
import { createPassTable } from './passes.ts'
import { createShipping } from './shipping.ts'
import { createTurnTable } from './turnTable.ts'
import { createWorkTable } from './work.ts'

/** A read waits so long for rows of this replica that are on their way; after an outage there may be many. */
const OWN_ROWS_WITHIN_MS = 1_000

/** A turn that is asked for right after it ended may be on its way from another replica. */
const OTHERS_ROW_WITHIN_MS = 1_000
const LOOK_MS = 50
/** What began before has arrived, or has waited for longer than anybody would for it. */
const JUST_NOW_MS = 10 * 60_000

type SharedRecordOptions = { url: string; spoolPath: string; replicaId: string; saveText: boolean; log?: Log }

/**
 * The record of several replicas in PostgreSQL. A row is committed to a file of this replica, its spool, before `insert` returns, and
 * shipped from there; what is read is read in PostgreSQL, after the rows of this replica got there.
 */
export function openSharedRecord({
  url,
  spoolPath,
  replicaId,
  saveText,
  log,
}: SharedRecordOptions): TurnStore & {
  /** Resolves when nothing waits for PostgreSQL, or it takes nothing. */
  settled(): Promise<void>
  /** What the replicas know together of who may open a socket. */
  passes: Passes
  /** What they tell each other of work of minutes. */
  work: SharedWork
} {
  const spool = openTurnStore(spoolPath, { saveText, verify: true, ...(log && { log }) })
  const database = openPostgres(url, replicaId)
  const table = createTurnTable(database, log)
  const kept = createConversationTable(database, saveText)
  const shipping = createShipping(spool.waiting, table.insert, log)
  let closed = false

  /** A failure is the read's to tell, which meets the same. */
  const ownRowsThere = () =>
    within(
      shipping.shipped().catch(() => {}),
      OWN_ROWS_WITHIN_MS,
      () => {},
    )

  function rowsWaiting(): number {
    try {
      return spool.waiting.count() + spool.status.unwritten
    } catch {
      return spool.status.unwritten // the file's own problem is in `status`
    }
  }

  // Also to bring the schema up to date, and to tell at the start what is wrong.
  void database.query('SELECT 1').then(shipping.wake, error => {
    log?.error({ err: error }, error instanceof QuantvoxError ? error.line : String(error))
    shipping.wake()
  })

  return {
    passes: createPassTable(database),
    work: createWorkTable(database, replicaId),
    get status() {
      return { ...spool.status, spool: { rows: rowsWaiting(), problem: database.problem() } }
    },
    insert(record, text) {
      spool.insert(record, text)
      shipping.wake()
    },
    get: turnId =>
      findOnItsWay(turnId, async () => (await spool.get(turnId)) ?? (await table.get(turnId)), {
        youngMs: JUST_NOW_MS,
        withinMs: OTHERS_ROW_WITHIN_MS,
        lookMs: LOOK_MS,
      }),
    async list(filters, limit, cursor) {
      await ownRowsThere()
      return table.list(filters, limit, cursor)
    },
    async *stream(filters, signal) {
      await ownRowsThere()
      yield* table.stream(filters, signal)
    },
    async delete(turnId) {
      await ownRowsThere()
      if (await spool.get(turnId)) throw onItsWay(turnId)
      const known = await table.forget(turnId)
      if (known) await kept.forgetNames()
      if (known) spool.waiting.emptyLog()
      return known
    },
    async deleteBefore(startedAt) {
      await ownRowsThere()
      const own = await spool.deleteBefore(startedAt)
      const shared = await table.deleteBefore(startedAt)
      await kept.forgetNames()
      return [...own, ...shared]
    },
    async conversations(limit, cursor) {
      await ownRowsThere()
      return kept.conversations(limit, cursor)
    },
    async nameConversation(id, title) {
      await ownRowsThere()
      return kept.nameConversation(id, title)
    },
    async deleteConversation(id) {
      await ownRowsThere()
      const { items } = await spool.list({ conversationId: id }, 1)
      if (items[0] !== undefined) throw onItsWay(items[0].turnId)
      const forgotten = await kept.deleteConversation(id)
      if (forgotten.length > 0) spool.waiting.emptyLog()
      return forgotten
    },
    async settled() {
      await shipping.shipped().catch(() => {})
    },
    close() {
      if (closed) return
      closed = true
      shipping.close()
      spool.close()
      void database.close().catch(() => {})
    },
  }
}

/** The shared record to read only; without what replicas have still to ship. */
export function readSharedRecord(
  url: string,
): Pick<TurnStore, 'list' | 'get' | 'stream'> & { close(): Promise<void> } {
  const database = openPostgres(url, 'reader')
  const { list, get, stream } = createTurnTable(database)
  return { list, get, stream, close: database.close }
}

const onItsWay = (turnId: string) =>
  new QuantvoxError('record_unavailable', `Turn ${turnId} is still on its way to PostgreSQL.`, {
    meaning: 'To forget it now could leave it there.',
    mend: 'Try again when GET /v1/info says that nothing is spooled.',
    retryAfterSeconds: 5,
  })
