import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openSharedRecord } from '../../server/record/postgres/store.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/server.ts'
import { turnStoreContract } from './turnStore.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-shared-'))
let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(async () => {
  await postgres?.remove()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
let spools = 0

turnStoreContract('of several replicas in PostgreSQL', async () =>
  openSharedRecord({
    ...{ url: await postgres.emptyDatabase(), spoolPath: join(folder, `${spools++}.sqlite`) },
    ...{ replicaId: 'a', saveText: true },
  }),
)
