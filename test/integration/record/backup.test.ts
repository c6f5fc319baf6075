import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backUpRecord } from '../../../server/record/sqlite/backup.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { answerOf, askText, quantvox } from '../../support/liveServer.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'
import { startScriptedServer } from '../../support/scriptedServer/start.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-backup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function whatIsIn(copy: string): Set<string> {
  const database = new DatabaseSync(copy, { readOnly: true })
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  const rows = database.prepare('SELECT turnId FROM turns').all()
  database.close()
  return new Set(rows.map(({ turnId }) => String(turnId)))
}

test('backups of a running server have every turn that had ended, are whole, and hinder no turn', async () => {
  const server = await startScriptedServer(folder)
  const copy = join(folder, 'copy.sqlite')
  const ended: string[] = []
  let on = true
  const asking = (async () => {
    while (on) ended.push((await answerOf(askText(server.url, 'What is the time?'))).turnId)
  })()
  for (let round = 1; round <= 5; round++) {
    await expect.poll(() => ended.length).toBeGreaterThan(round * 3)
    const before = [...ended]
    expect(backUpRecord(join(server.dataDir, TURN_FILE_NAME), copy)).toBeGreaterThanOrEqual(before.length)
    const there = whatIsIn(copy)
    expect(before.filter(turnId => !there.has(turnId))).toEqual([])
  }
  on = false
  await asking
  const { code, err } = await quantvox(['turns', 'backup', copy], { DATA_DIR: server.dataDir })
  expect([code, err]).toEqual([
    0,
    expect.stringMatching(/^\d+ turns of .*quantvox\.sqlite copied to .*copy\.sqlite\n$/),
  ])
  await server.stop()
  expect(whatIsIn(copy).size).toBe(ended.length)
  // Taken as the record, a server goes on with it.
  const restored = openTurnStore(copy, { saveText: true })
  expect(restored.status.recording).toBe(true)
  expect((await restored.get(ended[0] ?? ''))?.turnId).toBe(ended[0])
  restored.close()
})

test('a backup has nothing of what was deleted, and replaces an older one only when it is whole', async () => {
  const file = join(folder, 'turns.sqlite')
  const copy = join(folder, 'copy.sqlite')
  const store = openTurnStore(file, { saveText: true })
  for (const { record, text } of makeTurns(30)) store.insert(record, text)
  expect(backUpRecord(file, copy)).toBe(30)
  await store.delete(makeTurn(4).record.turnId)
  expect(backUpRecord(file, copy)).toBe(29)
  expect(whatIsIn(copy).has(makeTurn(4).record.turnId)).toBe(false)
  store.close()
  rmSync(file)
  expect(() => backUpRecord(file, copy)).toThrow(expect.objectContaining({ code: 'not_found' }))
  expect(() => backUpRecord(copy, join(folder, 'no', 'such', 'folder.sqlite'))).toThrow(/folder\.sqlite/)
  expect(whatIsIn(copy).size).toBe(29)
  expect(readdirSync(folder)).toEqual(['copy.sqlite'])
})
