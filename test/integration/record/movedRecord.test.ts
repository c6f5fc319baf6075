import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { makeTurn } from '../../support/record/records.ts'

let folder: string
let data: string
let path: string
let store: TurnStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-moved-'))
  data = join(folder, 'data')
  path = join(data, TURN_FILE_NAME)
  store = openTurnStore(path, { saveText: true })
  insert(1)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const idOf = (number: number) => makeTurn(number).record.turnId
const insert = (number: number) => store.insert(makeTurn(number).record, makeTurn(number).text)

/** Whose rows a file has, as another program sees it. */
function rowsIn(file: string): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true })
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  const rows = database.prepare('SELECT turnId FROM turns ORDER BY rowid').all()
  database.close()
  return rows.map(({ turnId }) => turnId)
}

describe('a record that, while it is open,', () => {
  test.each([
    ['is moved', () => renameSync(path, join(folder, 'away')), () => join(folder, 'away')],
    [
      'is moved with its folder',
      () => renameSync(data, join(folder, 'elsewhere')),
      () => join(folder, 'elsewhere', TURN_FILE_NAME),
    ],
  ])('%s has what it had, and the next rows come into a new one', async (_how, move, moved) => {
    move()
    insert(2)
    insert(3)
    expect(store.status).toMatchObject({ recording: true, problem: null, unwritten: 0 })
    expect([await store.get(idOf(1)), (await store.get(idOf(2)))?.turnId]).toEqual([null, idOf(2)])
    expect(rowsIn(path)).toEqual([idOf(2), idOf(3)])
    expect(rowsIn(moved())).toEqual([idOf(1)])
  })

  test.each([
    ['is deleted', ['']],
    ['is deleted with its log', ['', '-wal', '-shm']],
  ])('%s is begun anew with the next row', (_how, ends) => {
    for (const end of ends) rmSync(`${path}${end}`)
    insert(2)
    expect(store.status).toMatchObject({ recording: true, problem: null, unwritten: 0 })
    expect(rowsIn(path)).toEqual([idOf(2)])
  })

  test('loses its folder is begun anew with the next row', () => {
    rmSync(data, { recursive: true })
    insert(2)
    expect(rowsIn(path)).toEqual([idOf(2)])
  })

  test('loses only its log keeps every row', () => {
    rmSync(`${path}-wal`)
    insert(2)
    insert(3)
    expect(rowsIn(path)).toEqual([idOf(1), idOf(2), idOf(3)])
    expect(existsSync(`${path}-wal`)).toBe(true)
  })

  test('is replaced by another takes the next rows into that', () => {
    const other = join(folder, 'other.sqlite')
    const another = openTurnStore(other, { saveText: true })
    another.insert(makeTurn(7).record, makeTurn(7).text)
    another.close()
    renameSync(path, join(folder, 'away'))
    copyFileSync(other, path)
    insert(2)
    expect(rowsIn(path)).toEqual([idOf(7), idOf(2)])
    expect(rowsIn(join(folder, 'away'))).toEqual([idOf(1)])
  })

  test('is moved while another program reads it keeps rows in memory and says why, until that one is gone', async () => {
    const reader = new DatabaseSync(path, { readOnly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM turns').get()
    insert(2)
    renameSync(path, join(folder, 'away'))
    insert(3)
    expect(store.status).toMatchObject({ recording: false, unwritten: 1 })
    expect(store.status.problem?.line).toContain('was moved or deleted')
    reader.exec('ROLLBACK')
    reader.close()
    insert(4)
    expect(store.status).toMatchObject({ recording: true, problem: null, unwritten: 0 })
    expect(rowsIn(path)).toEqual([idOf(3), idOf(4)])
    expect(rowsIn(join(folder, 'away'))).toEqual([idOf(1), idOf(2)])
  })
})
