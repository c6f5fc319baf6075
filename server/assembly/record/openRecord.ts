import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { openTurnStore, SPOOL_FILE_NAME, TURN_FILE_NAME } from '../../record/sqlite/store.ts'
import type { Passes, SharedWork, TurnStore } from '../../record/turnStore.ts'

/** The name of this process among those that share a record; null where it shares none and was given none. */
export const replicaOf = ({
  REPLICA_ID,
  RECORD_URL,
}: Pick<Config, 'REPLICA_ID' | 'RECORD_URL'>): string | null =>
  REPLICA_ID ?? (RECORD_URL === null ? null : hostname())

/** The record that the settings name. The driver of PostgreSQL is read only where it is needed. */
export async function openRecord(
  config: Config,
  log: Log,
): Promise<{
  store: TurnStore
  settled(): Promise<void>
  passes: Passes | null
  work: SharedWork | null
}> {
  const { RECORD_URL, DATA_DIR, SAVE_TEXT } = config
  if (RECORD_URL === null) {
    const path = join(DATA_DIR, TURN_FILE_NAME)
    const store = openTurnStore(path, { saveText: SAVE_TEXT, verify: true, log })
    return { store, settled: async () => {}, passes: null, work: null }
  }
  const { openSharedRecord } = await import('../../record/postgres/store.ts')
  const store = openSharedRecord({
    url: RECORD_URL,
    spoolPath: join(DATA_DIR, SPOOL_FILE_NAME),
    replicaId: replicaOf(config) ?? '',
    saveText: SAVE_TEXT,
    log,
  })
  return { store, settled: store.settled, passes: store.passes, work: store.work }
}
