import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { schemaVersion } from '../../../server/record/migrations.ts'
import { backUpRecord } from '../../../server/record/sqlite/backup.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { makeTurn } from '../../support/record/records.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures/record')
const versions = readdirSync(fixtures).map(name => Number(/^schema-(\d+)\.sql$/.exec(name)?.[1]))

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-migrations-'))
  file = join(folder, 'turns.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function oldFile(version: number): void {
  const database = new DatabaseSync(file)
  database.exec(readFileSync(join(fixtures, `schema-${version}.sql`), 'utf8'))
  database.close()
}

test('every schema version that landed has a record that its own SQL made', () => {
  expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: schemaVersion }, (_, i) => i + 1))
})

test.each(versions)(
  'a record of version %i is brought up to date, all turns are there, and it records on',
  async version => {
    oldFile(version)
    const store = openTurnStore(file, { saveText: true })
    const { items } = await store.list({}, 10)
    expect(items.map(turn => [turn.outcome, turn.transcript])).toEqual([
      ['failed', null],
      ['no-speech', ''],
      ['interrupted', 'What is 9 plus 0?'],
      ['completed', 'What is 0 plus 0?'],
    ])
    expect((await store.conversations(10)).items).toMatchObject([
      {
        ...{ conversationId: 'conversation-0', title: null, firstQuestion: 'What is 0 plus 0?', turns: 2 },
        ...{ startedAt: items[3]?.startedAt, lastTurnAt: items[2]?.startedAt },
      },
    ])
    const { record, text } = makeTurn(60)
    store.insert(record, text)
    expect(await store.get(record.turnId)).toEqual({ ...record, ...text })
    store.close()
    const after = new DatabaseSync(file, { readOnly: true })
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: schemaVersion })
    expect(after.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    after.close()
  },
)

test.each(versions)(
  'a record of version %i can be copied as it is, before the update touches it',
  version => {
    oldFile(version)
    const copy = join(folder, 'before-update.sqlite')
    expect(backUpRecord(file, copy)).toBe(4)
    const database = new DatabaseSync(copy, { readOnly: true })
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: version })
    database.close()
  },
)
