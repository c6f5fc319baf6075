import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { schemaVersion } from '../../../server/record/sqlite/migrations.ts'
import { openTurnStore, type TurnStore } from '../../../server/record/sqlite/store.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

let folder: string
let file: string
const open: TurnStore[] = []
const logged: string[] = []
const log = {
  warn: (_fields: object, message: string) => void logged.push(message),
  error: (_fields: object, message: string) => void logged.push(message),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-store-'))
  file = join(folder, 'data', 'turns.sqlite')
  logged.length = 0
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
const collect = async (turns: AsyncIterable<StoredTurn>) => {
  const all: StoredTurn[] = []
  for await (const turn of turns) all.push(turn)
  return all
}

test('a turn reads back as it was written, also by another process while the server runs', () => {
  const store = opened()
  const { record, text } = makeTurn(3)
  store.insert(record, text)
  expect(store.get(record.turnId)).toEqual({ ...record, ...text })
  const reader = opened({ readOnly: true })
  expect(reader.get(record.turnId)).toEqual({ ...record, ...text })
  expect(store.get('no-such-turn')).toBeNull()
  expect(store.status).toEqual({ recording: true, problem: null, unwritten: 0 })
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

test('with saveText off neither transcript nor reply reaches the file', () => {
  const store = opened({ saveText: false })
  const { record, text } = makeTurn(1, {}, { transcript: 'a secret question', reply: 'a secret answer' })
  store.insert(record, text)
  expect(store.get(record.turnId)).toMatchObject({ transcript: null, reply: null, heardText: null })
  store.close()
  expect(readFileSync(file).includes('secret')).toBe(false)
})

test('a deleted turn leaves no trace in the file or its write-ahead log', () => {
  const store = filled(20)
  const { record, text } = makeTurn(500, {}, { transcript: 'xylophone under the bed' })
  store.insert(record, text)
  const bytes = () => Buffer.concat([readFileSync(file), readFileSync(`${file}-wal`)])
  expect(bytes().includes('xylophone')).toBe(true)
  expect(store.delete(record.turnId)).toBe(true)
  expect(store.get(record.turnId)).toBeNull()
  expect(bytes().includes('xylophone')).toBe(false)
  expect(store.delete(record.turnId)).toBe(false)
})

test('pages are newest first, join without gap or repeat, and bear deletions and new turns in between', () => {
  const store = filled(25)
  const newestFirst = makeTurns(25)
    .map(made => made.record.turnId)
    .reverse()
  const first = store.list({}, 10)
  expect(first.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(0, 10))
  const late = makeTurn(30)
  store.insert(late.record, late.text)
  store.delete(newestFirst[9] ?? '')
  const second = store.list({}, 10, first.nextCursor)
  expect(second.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(10, 20))
  const third = store.list({}, 10, second.nextCursor)
  expect(third.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(20))
  expect(third.nextCursor).toBeNull()
})

test('turns that started in the same millisecond page by id', () => {
  const store = opened()
  const startedAt = '2026-11-02T08:00:00.000Z'
  for (let i = 0; i < 9; i++) store.insert(makeTurn(i, { startedAt }).record, makeTurn(i).text)
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page = store.list({}, 2, cursor)
    seen.push(...page.items.map(turn => turn.turnId))
    cursor = page.nextCursor
  } while (cursor)
  expect(seen).toEqual(
    makeTurns(9)
      .map(made => made.record.turnId)
      .reverse(),
  )
})

test('every filter selects exactly the turns that have its value', () => {
  const store = filled(100)
  const all = makeTurns(100).map(made => made.record)
  const ids = (filters: Parameters<TurnStore['list']>[0]) =>
    new Set(store.list(filters, 500).items.map(turn => turn.turnId))
  const those = (keep: (record: (typeof all)[number]) => boolean) =>
    new Set(all.filter(keep).map(record => record.turnId))
  expect(ids({ outcome: 'failed' })).toEqual(those(r => r.outcome === 'failed'))
  expect(ids({ source: 'socket' })).toEqual(those(r => r.source === 'socket'))
  expect(ids({ conversationId: 'conversation-2' })).toEqual(those(r => r.conversationId === 'conversation-2'))
  expect(ids({ voice: 'flite:slt' })).toEqual(those(r => r.synthesis.voice === 'flite:slt'))
  const speechModel = 'whisper-tiny.en-q8_0'
  const llmModel = 'smollm2:135m-instruct-q8_0'
  expect(ids({ speechModel, llmModel })).toEqual(
    those(r => r.speech.model === speechModel && r.llm.model === llmModel),
  )
  // since counts, until does not; both in another time zone than the record's.
  expect(ids({ since: '2026-11-01T01:10:00+01:00', until: '2026-11-01T01:20:00+01:00' })).toEqual(
    those(r => r.startedAt >= '2026-11-01T00:10' && r.startedAt < '2026-11-01T00:20'),
  )
})

test('a stream gives the whole selection and lets other work run between its pages', async () => {
  const store = filled(450)
  let ticks = 0
  const ticking = setInterval(() => ticks++, 0)
  const turns = await collect(store.stream({ outcome: 'completed' }))
  clearInterval(ticking)
  const expected = makeTurns(450).filter(made => made.record.outcome === 'completed')
  expect(turns.map(turn => turn.turnId)).toEqual(expected.map(made => made.record.turnId).reverse())
  expect(ticks).toBeGreaterThan(0)
})

test('a stream ends when its signal does', async () => {
  const store = filled(300)
  const controller = new AbortController()
  const turns = store.stream({}, controller.signal)
  await turns.next()
  controller.abort()
  await expect(collect(turns)).rejects.toThrow(/abort/i)
})

test('a cursor that was never given is refused', () => {
  expect(() => filled(2).list({}, 10, 'nonsense')).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(/cursor/) }),
  )
})

test('a row that someone edited is named by get, and hides no other row in a list', () => {
  const store = filled(3)
  const [, middle] = makeTurns(3)
  const turnId = middle?.record.turnId ?? ''
  const vandal = new DatabaseSync(file)
  vandal
    .prepare("UPDATE turns SET record = json_set(record, '$.llm.evalMs', 'fast') WHERE turnId = ?")
    .run(turnId)
  vandal.close()
  expect(() => store.get(turnId)).toThrow(expect.objectContaining({ message: expect.stringMatching(turnId) }))
  expect(store.list({}, 10).items).toHaveLength(2)
  expect(logged.join()).toMatch(/not valid and is left out/)
})

test('while another program holds the lock, turns wait in memory and are written afterwards, oldest first', () => {
  const store = filled(1)
  const [, second, third, fourth] = makeTurns(4)
  if (!second || !third || !fourth) throw new Error('the generator made too few')
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  store.insert(second.record, second.text)
  store.insert(third.record, third.text)
  expect(store.status).toMatchObject({ recording: false, unwritten: 2 })
  expect(store.status.problem?.line).toMatch(/locked by another program/)
  expect(logged.join()).toMatch(/not recorded yet/)
  expect(store.get(third.record.turnId)).toMatchObject({ turnId: third.record.turnId })
  holder.exec('ROLLBACK')
  holder.close()
  store.insert(fourth.record, fourth.text)
  expect(store.status).toEqual({ recording: true, problem: null, unwritten: 0 })
  expect(store.list({}, 10).items).toHaveLength(4)
})

test('what waits is written when the store is closed', () => {
  const store = filled(1)
  const { record, text } = makeTurn(1)
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  store.insert(record, text)
  holder.exec('ROLLBACK')
  holder.close()
  store.close()
  expect(opened().get(record.turnId)).toEqual({ ...record, ...text })
})

test('a file that is not a database is said at opening, crashes no turn, and is replaced once it is moved away', () => {
  file = join(folder, 'turns.sqlite')
  writeFileSync(file, 'this is a shopping list, not a database; '.repeat(50))
  const store = opened()
  expect(store.status.problem?.line).toMatch(/is not an SQLite file.*Move it away/)
  expect(logged.join()).toMatch(/not an SQLite file/)
  const { record, text } = makeTurn(0)
  store.insert(record, text)
  expect(() => store.list({}, 10)).toThrow(/not an SQLite file/)
  expect(readFileSync(file, 'utf8')).toMatch(/shopping list/)
  rmSync(file)
  const next = makeTurn(1)
  store.insert(next.record, next.text)
  expect(store.status).toMatchObject({ recording: true, unwritten: 0 })
  expect(store.list({}, 10).items).toHaveLength(2)
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

test('a turn that cannot be a row is logged and holds up none behind it', () => {
  const store = opened()
  store.insert(makeTurn(0, { startedAt: 'yesterday' }).record, makeTurn(0).text)
  store.insert(makeTurn(1).record, makeTurn(1).text)
  expect(logged.join()).toMatch(/the row is not valid/)
  expect(store.list({}, 10).items).toHaveLength(1)
})
