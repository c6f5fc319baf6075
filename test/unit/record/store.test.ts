import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { schemaVersion } from '../../../server/record/migrations.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { quietLog } from '../../support/quietLog.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

let folder: string
let file: string
const open: TurnStore[] = []
const log = quietLog()
const logged = () => log.lines.map(line => line.message).join()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-store-'))
  file = join(folder, 'data', 'turns.sqlite')
  log.lines.length = 0
})
afterEach(() => {
  for (const store of open.splice(0)) store.close()
  rmSync(folder, { recursive: true, force: true })
})

function opened(options: { saveText?: boolean; readOnly?: boolean } = {}): TurnStore {
  const store = openTurnStore(file, { saveText: true, log, ...options })
  open.push(store)
  return store
}
function filled(count: number): TurnStore {
  const store = opened()
  for (const { record, text } of makeTurns(count)) store.insert(record, text)
  return store
}
test('a turn is read by another process while the server runs', async () => {
  const { record, text } = makeTurn(3)
  opened().insert(record, text)
  expect(await opened({ readOnly: true }).get(record.turnId)).toEqual({ ...record, ...text })
})

test('a row is in the file as soon as insert returns, without closing', () => {
  const { record, text } = makeTurn(0)
  opened().insert(record, text)
  const other = new DatabaseSync(file, { readOnly: true })
  expect(other.prepare('SELECT outcome, llmModel, voice FROM turns').all()).toEqual([
    { outcome: 'completed', llmModel: record.llm.model, voice: 'flite:slt' },
  ])
  other.close()
})

test('with saveText off neither transcript nor reply reaches the file', async () => {
  const store = opened({ saveText: false })
  const { record, text } = makeTurn(1, {}, { transcript: 'a secret question', reply: 'a secret answer' })
  store.insert(record, text)
  expect(await store.get(record.turnId)).toMatchObject({ transcript: null, reply: null, heardText: null })
  store.close()
  expect(readFileSync(file).includes('secret')).toBe(false)
})

test('a deleted turn leaves no trace in the file or its write-ahead log', async () => {
  const store = filled(20)
  const { record, text } = makeTurn(500, {}, { transcript: 'xylophone under the bed' })
  store.insert(record, text)
  const bytes = () => Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)])
  expect(bytes().includes('xylophone')).toBe(true)
  expect(await store.delete(record.turnId)).toBe(true)
  expect(await store.get(record.turnId)).toBeNull()
  expect(bytes().includes('xylophone')).toBe(false)
  expect(await store.delete(record.turnId)).toBe(false)
})

test('a row that someone edited is named by get, and hides no other row in a list', async () => {
  const store = filled(3)
  const [, middle] = makeTurns(3)
  const turnId = middle?.record.turnId ?? ''
  const vandal = new DatabaseSync(file)
  vandal
    .prepare("UPDATE turns SET record = json_set(record, '$.llm.evalMs', 'fast') WHERE turnId = ?")
    .run(turnId)
  vandal.close()
  await expect(store.get(turnId)).rejects.toThrow(
    expect.objectContaining({ message: expect.stringMatching(turnId) }),
  )
  expect((await store.list({}, 10)).items).toHaveLength(2)
  expect(logged()).toMatch(/not valid and is left out/)
})

test('while another program holds the lock, turns wait in memory and are written afterwards, oldest first', async () => {
  const store = filled(1)
  const [, second, third, fourth] = makeTurns(4)
  if (!second || !third || !fourth) throw new Error('the generator made too few')
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  store.insert(second.record, second.text)
  store.insert(third.record, third.text)
  expect(store.status).toMatchObject({ recording: false, unwritten: 2 })
  expect(store.status.problem?.line).toMatch(/locked by another program/)
  expect(logged()).toMatch(/not recorded yet/)
  expect(await store.get(third.record.turnId)).toMatchObject({ turnId: third.record.turnId })
  holder.exec('ROLLBACK')
  holder.close()
  store.insert(fourth.record, fourth.text)
  expect(store.status).toEqual({ recording: true, problem: null, unwritten: 0, spool: null })
  expect((await store.list({}, 10)).items).toHaveLength(4)
})

test('what waits is written when the store is closed', async () => {
  const store = filled(1)
  const { record, text } = makeTurn(1)
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  store.insert(record, text)
  holder.exec('ROLLBACK')
  holder.close()
  store.close()
  expect(await opened().get(record.turnId)).toEqual({ ...record, ...text })
})

test('a file that is not a database is said at opening, crashes no turn, and is replaced once it is moved away', async () => {
  file = join(folder, 'turns.sqlite')
  writeFileSync(file, 'this is a shopping list, not a database; '.repeat(50))
  const store = opened()
  expect(store.status.problem?.line).toMatch(/is not an SQLite file.*Move it away/)
  expect(logged()).toMatch(/not an SQLite file/)
  const { record, text } = makeTurn(0)
  store.insert(record, text)
  await expect(store.list({}, 10)).rejects.toThrow(/not an SQLite file/)
  expect(readFileSync(file, 'utf8')).toMatch(/shopping list/)
  rmSync(file)
  const next = makeTurn(1)
  store.insert(next.record, next.text)
  expect(store.status).toMatchObject({ recording: true, unwritten: 0 })
  expect((await store.list({}, 10)).items).toHaveLength(2)
})

test('a path where no file can be made is said at opening, with what mends it', () => {
  writeFileSync(join(folder, 'data'), 'a file where the folder should be')
  const store = opened()
  expect(store.status.recording).toBe(false)
  expect(store.status.problem?.line).toMatch(/DATA_DIR/)
})

test('a file of a newer Quantvox is left alone', () => {
  filled(1).close()
  const future = new DatabaseSync(file)
  future.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
  future.close()
  const store = opened()
  expect(store.status.problem?.line).toMatch(/newer Quantvox/)
  store.insert(makeTurn(5).record, makeTurn(5).text)
  expect(store.status).toMatchObject({ recording: false, unwritten: 1 })
})

test('a turn that cannot be a row is logged and holds up none behind it', async () => {
  const store = opened()
  store.insert(makeTurn(0, { startedAt: 'yesterday' }).record, makeTurn(0).text)
  store.insert(makeTurn(1).record, makeTurn(1).text)
  expect(logged()).toMatch(/the row is not valid/)
  expect((await store.list({}, 10)).items).toHaveLength(1)
})
