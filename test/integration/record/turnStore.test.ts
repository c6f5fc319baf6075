import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { quietLog } from '../../support/quietLog.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-crash-'))
  file = join(folder, 'turns.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('every turn that was recorded is there after the process is killed', async () => {
  const script = fileURLToPath(new URL('../../support/record/recordUntilKilled.ts', import.meta.url))
  const recorder = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  recorder.stdout.setEncoding('utf8')
  for await (const chunk of recorder.stdout) {
    printed += chunk
    if (printed.split('\n').length > 200) recorder.kill('SIGKILL')
  }
  if (recorder.exitCode === null && recorder.signalCode === null) await once(recorder, 'exit')
  const recorded = printed.split('\n').slice(0, -1)
  expect(recorded.length).toBeGreaterThanOrEqual(200)
  const store = openTurnStore(file, { saveText: true })
  expect(await Promise.all(recorded.map(store.get))).not.toContain(null)
  store.close()
})

test('a file that is damaged in the middle says so, and fails no turn', async () => {
  const before = openTurnStore(file, { saveText: true })
  for (const { record, text } of makeTurns(400)) before.insert(record, text)
  before.close()
  const handle = openSync(file, 'r+')
  // All but the first two pages, which hold the schema: it opens well and breaks when it is used.
  writeSync(handle, Buffer.alloc(statSync(file).size - 8_192, 0xa5), 0, undefined, 8_192)
  closeSync(handle)
  const problems: object[] = []
  const log = { ...quietLog(), error: (fields: object) => void problems.push(fields) }
  const store = openTurnStore(file, { saveText: true, log })
  const { record, text } = makeTurn(1_000)
  store.insert(record, text)
  await expect(store.list({}, 10)).rejects.toThrow(/is damaged/)
  expect(store.status).toMatchObject({ recording: false, unwritten: 1 })
  expect(store.status.problem?.line).toMatch(/is damaged.*-wal/)
  expect(problems).toHaveLength(1)
  for (const name of [file, `${file}-wal`, `${file}-shm`]) rmSync(name, { force: true })
  store.insert(makeTurn(1_001).record, text)
  expect(store.status).toEqual({ recording: true, problem: null, unwritten: 0, spool: null })
  expect((await store.list({}, 10)).items).toHaveLength(2)
  store.close()
})

test('two processes on one file record side by side', async () => {
  const one = openTurnStore(file, { saveText: true })
  const two = openTurnStore(file, { saveText: true })
  for (const [i, { record, text }] of makeTurns(40).entries()) (i % 2 ? one : two).insert(record, text)
  expect(await one.list({}, 100)).toEqual(await two.list({}, 100))
  expect((await two.list({}, 100)).items).toHaveLength(40)
  one.close()
  two.close()
})

test('anyone can open the file and ask it', () => {
  const store = openTurnStore(file, { saveText: true })
  for (const { record, text } of makeTurns(30)) store.insert(record, text)
  const other = new DatabaseSync(file, { readOnly: true })
  const rows = other
    .prepare(
      "SELECT speechModel, count(*) AS n, avg(record ->> '$.speech.inferenceMs') AS ms FROM turns GROUP BY 1 ORDER BY 1",
    )
    .all()
  expect(rows.map(row => [row.speechModel, row.n])).toEqual([
    ['whisper-tiny.en-f16', 8],
    ['whisper-tiny.en-q4_0', 7],
    ['whisper-tiny.en-q5_1', 7],
    ['whisper-tiny.en-q8_0', 8],
  ])
  for (const { ms } of rows) expect(ms).toBeGreaterThan(0)
  other.close()
  store.close()
})
