import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openTurnStore } from '../../server/record/sqlite/store.ts'
import { createMemoryTurnStore } from '../support/record/memoryTurnStore.ts'
import { turnStoreContract } from './turnStore.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

turnStoreContract('in an SQLite file', () =>
  openTurnStore(join(folder, `${files++}.sqlite`), { saveText: true }),
)
turnStoreContract('of SQLite in memory', () => openTurnStore(':memory:', { saveText: true }))
turnStoreContract('of the tests', createMemoryTurnStore)
