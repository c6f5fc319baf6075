import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
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
sharedWorkContract('of several servers in PostgreSQL', inPostgres)

async function inPostgres() {
  const url = await postgres.emptyDatabase()
  return (server: string) => {
    const spoolPath = join(folder, `${spools++}.sqlite`)
    const record = openSharedRecord({ url, spoolPath, replicaId: server, saveText: true })
    open.push(record)
    return record.work
  }
}

test('who had something when PostgreSQL went away has it still when that is back, until it could say so; what was given up is free', async () => {
  const as = await inPostgres()
  const [a, b] = [as('a'), as('b')]
  await a.tell('place', 'measured', 'measured', 1)
  await a.tell('place', 'free', 'free', 0)
  await postgres.kill()
  await sleep(1_500)
  await postgres.start()
  await expect.poll(() => b.find('place', 'measured').catch(() => null), { timeout: 10_000 }).not.toBeNull()
  expect(await b.tell('place', 'measured', 'of b', 30)).toBe(false)
  expect(await b.tell('place', 'free', 'of b', 30)).toBe(true)
  expect(await b.ask('place', 'measured', 'cancel')).toBe(true)
  expect(await a.tell('place', 'measured', 'measured', 30)).toBe(true)
})
