import { execFile } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Value from 'typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RecordInfo, ServerInfo } from '../../../server/protocol/info.ts'
import { fileProblem } from '../../../server/record/sqlite/database.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { answerOf, askText } from '../../support/liveServer.ts'
import { makeTurns } from '../../support/record/records.ts'
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer/start.ts'

let folder: string
let file: string
let server: ScriptedServer | null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-trouble-'))
  mkdirSync(join(folder, 'data'))
  file = join(folder, 'data', TURN_FILE_NAME)
  server = null
})
afterEach(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function makeRecord(turns: number): void {
  const store = openTurnStore(file, { saveText: true })
  for (const { record, text } of makeTurns(turns)) store.insert(record, text)
  store.close()
}
async function start(fileSizeLimit?: number): Promise<string> {
  server = await startScriptedServer(folder, {}, fileSizeLimit)
  return server.url
}
async function record(url: string): Promise<RecordInfo> {
  const info: unknown = await (await fetch(`${url}/v1/info`)).json()
  Value.Assert(ServerInfo, info)
  return info.record
}
const ask = async (url: string) => (await answerOf(askText(url, 'What is the time?'))).turnId
const isReady = async (url: string) => (await fetch(`${url}/readyz`)).status

describe('a server whose record', () => {
  test('is locked by another program says so at the start and in /v1/info, answers, and writes the turns later', async () => {
    makeRecord(1)
    const holder = new DatabaseSync(file)
    holder.exec('BEGIN IMMEDIATE')
    const url = await start()
    expect(server?.log()).toMatch(/is locked by another program.*Close the program/)
    expect(await isReady(url)).toBe(200)
    const turnId = await ask(url)
    expect(await record(url)).toEqual({
      state: 'not-recording',
      detail: expect.stringMatching(/is locked by another program.*cannot be recorded.*Close the program/),
      unwritten: 1,
      spooled: null,
    })
    holder.exec('ROLLBACK')
    const rows = holder.prepare('SELECT turnId FROM turns WHERE turnId = ?')
    await expect.poll(() => rows.all(turnId), { timeout: 10_000 }).toHaveLength(1)
    holder.close()
    expect(await record(url)).toEqual({ state: 'recording', detail: null, unwritten: 0, spooled: null })
  })

  test('is no database says so, answers, leaves the file alone, and records once it is moved away', async () => {
    writeFileSync(file, 'a shopping list '.repeat(500))
    const url = await start()
    expect(server?.log()).toMatch(/is not an SQLite file/)
    const turnId = await ask(url)
    expect(await record(url)).toMatchObject({ state: 'not-recording', unwritten: 1 })
    expect(readFileSync(file, 'utf8')).toMatch(/^a shopping list/)
    rmSync(file)
    await expect.poll(() => record(url), { timeout: 10_000 }).toMatchObject({ state: 'recording' })
    expect((await fetch(`${url}/v1/turns/${turnId}`)).status).toBe(200)
  })

  test('is damaged in the middle says so, though it can still be written', async () => {
    makeRecord(400)
    const handle = openSync(file, 'r+')
    writeSync(
      handle,
      Buffer.alloc(8_192, 0xa5),
      0,
      undefined,
      Math.floor(statSync(file).size / 8_192) * 4_096,
    )
    closeSync(handle)
    const url = await start()
    await expect.poll(async () => (await record(url)).detail).toMatch(/is damaged.*Move it away/)
    expect(server?.log()).toMatch(/is damaged/)
    await ask(url)
  })

  test('meets a full disk says so, and goes on answering', async () => {
    const url = await start(256 * 1024)
    while ((await record(url)).state === 'recording') await ask(url)
    const { detail, unwritten } = await record(url)
    expect(detail).toMatch(/could not be read or written.*Check the disk/)
    expect(unwritten).toBeGreaterThan(0)
    expect(server?.log()).toMatch(/A turn is not recorded yet/)
    await ask(url)
    expect(await isReady(url)).toBe(200)
  })

  test('has no folder to be in says so, and goes on answering', async () => {
    rmSync(join(folder, 'data'), { recursive: true })
    writeFileSync(join(folder, 'data'), 'a file where the folder should be')
    const url = await start()
    expect(server?.log()).toMatch(/DATA_DIR/)
    await ask(url)
    expect(await record(url)).toMatchObject({ state: 'not-recording', unwritten: 1 })
  })
})

test('a record that may only be read is said at opening, and what comes is kept in memory', async () => {
  makeRecord(3)
  chmodSync(file, 0o444)
  chmodSync(join(folder, 'data'), 0o555)
  chmodSync(folder, 0o755)
  const script = fileURLToPath(new URL('../../support/record/readOnlyRecord.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, file])
  chmodSync(join(folder, 'data'), 0o755)
  expect(JSON.parse(stdout)).toEqual({
    atStart: expect.stringMatching(/is read-only|cannot be opened/),
    recording: false,
    unwritten: 1,
    kept: true,
  })
})

test('what SQLite calls a full disk is told as one', () => {
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 })
  expect(fileProblem('/data/quantvox.sqlite', full).line).toMatch(/the disk is full.*Free space/)
})
