import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { openSharedRecord } from '../../server/record/postgres/store.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/server.ts'
import { createMemoryWork } from '../support/record/memoryWork.ts'
import { sharedWorkContract } from './sharedWork.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-shared-work-'))
let postgres: PostgresServer
const open: { close(): void }[] = []
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterEach(() => {
  for (const record of open.splice(0)) record.close()
})
afterAll(async () => {
  await postgres?.remove()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
let spools = 0

sharedWorkContract('of the tests', async () => createMemoryWork().as)
sharedWorkContract('of several servers in PostgreSQL', async () => {
  const url = await postgres.emptyDatabase()
  return server => {
    const spoolPath = join(folder, `${spools++}.sqlite`)
    const record = openSharedRecord({ url, spoolPath, replicaId: server, saveText: true })
    open.push(record)
    return record.work
  }
})
