import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogSync } from '../../../server/record/sqlite/logSync.ts'

let folder: string
const failures: unknown[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-sync-'))
  failures.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const syncOf = (name: string) => createLogSync(join(folder, name), error => failures.push(error))

test('a log that is there is flushed, however often it is asked for', async () => {
  writeFileSync(join(folder, 'turns-wal'), 'frames')
  const sync = syncOf('turns')
  for (let i = 0; i < 50; i++) sync.request()
  await sync.settled()
  sync.request()
  await sync.settled()
  expect(failures).toEqual([])
})

test('a log that the last connection took with it is no failure', async () => {
  const sync = syncOf('closed')
  sync.request()
  await sync.settled()
  expect(failures).toEqual([])
})

test('a log that cannot be flushed is told, once for each flush', async () => {
  mkdirSync(join(folder, 'odd-wal'))
  const sync = syncOf('odd')
  sync.request()
  await sync.settled()
  expect(failures).toEqual([expect.objectContaining({ code: 'EISDIR' })])
})
