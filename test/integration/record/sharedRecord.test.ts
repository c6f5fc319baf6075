import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { examineRecord } from '../../../scripts/doctor/record.ts'
import { readConfig } from '../../../server/config.ts'
import { turnsAsCsv, turnsAsNdjson } from '../../../server/record/export.ts'
import { importRecord } from '../../../server/record/postgres/import.ts'
import { openSharedRecord, readSharedRecord } from '../../../server/record/postgres/store.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { summarize } from '../../../server/record/summary.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { once, type PostgresServer, startPostgres } from '../../support/postgres/server.ts'
import { quietLog } from '../../support/quietLog.ts'
import { type MadeTurn, makeTurn, makeTurns } from '../../support/record/records.ts'

const WHOLE_MS = 120_000
const KILLS = 5
const folder = mkdtempSync(join(tmpdir(), 'quantvox-shared-'))
const log = quietLog()
let postgres: PostgresServer
let url: string
const open: TurnStore[] = []
beforeAll(async () => {
  postgres = await startPostgres()
}, WHOLE_MS)
beforeEach(async () => {
  await postgres.start()
  url = await postgres.emptyDatabase()
  log.lines.length = 0
}, WHOLE_MS)
afterEach(() => {
  for (const store of open.splice(0)) store.close()
})
afterAll(async () => {
  await postgres?.remove()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

/** One that is opened again with the same name has the same spool. */
function replica(replicaId: string) {
  const store = openSharedRecord({
    ...{ url, replicaId, saveText: true, log },
    spoolPath: join(folder, `${new URL(url).pathname.slice(1)}-${replicaId}.sqlite`),
  })
  open.push(store)
  return store
}
const insert = (store: TurnStore, { record, text }: MadeTurn) => store.insert(record, text)
const idsThere = () =>
  once(url, async client => {
    const { rows } = await client.query<{ turnid: string }>(
      'SELECT turnid FROM turns WHERE record IS NOT NULL',
    )
    return rows.map(row => row.turnid)
  })
const isEmpty = (store: TurnStore) =>
  expect.poll(() => store.status.spool, { timeout: 30_000, interval: 50 }).toEqual({ rows: 0, problem: null })

test(
  `PostgreSQL that is killed ${KILLS} times while two replicas record loses no row and doubles none`,
  async () => {
    const replicas = [replica('a'), replica('b')]
    const made: MadeTurn[] = []
    let killing = true
    const recording = Promise.all(
      replicas.map(async store => {
        while (killing) {
          const turn = makeTurn(made.length)
          made.push(turn)
          insert(store, turn)
          await sleep(5)
        }
      }),
    )
    for (let kill = 0; kill < KILLS; kill++) {
      const before = made.length
      await expect.poll(() => made.length, { timeout: 30_000 }).toBeGreaterThan(before + 50)
      await postgres.kill()
      await sleep(100)
      await postgres.start()
    }
    killing = false
    await recording
    for (const store of replicas) await isEmpty(store)
    expect((await idsThere()).toSorted()).toEqual(made.map(({ record }) => record.turnId).toSorted())
    expect(log.lines.map(line => line.message).join()).toMatch(/wait in the spool.*takes turns again/)
  },
  WHOLE_MS,
)

test('replicas list the turns of each other at once', async () => {
  const [a, b] = [replica('a'), replica('b')]
  for (const [i, turn] of makeTurns(40).entries()) insert(i % 2 === 0 ? a : b, turn)
  // What b has still to ship it ships before it answers; what a has may be under way.
  await isEmpty(a)
  const listed = (await b.list({}, 100)).items.map(({ turnId }) => turnId)
  expect(listed).toEqual(
    makeTurns(40)
      .map(({ record }) => record.turnId)
      .reverse(),
  )
})

describe('while PostgreSQL is away', () => {
  test('turns are kept, said to be, and written when it is back; reading fails with its reason', async () => {
    const store = replica('a')
    const [early, late] = [makeTurn(0), makeTurn(1)]
    insert(store, early)
    await isEmpty(store)
    await postgres.kill()
    insert(store, late)
    await expect.poll(() => store.status.spool?.problem, { timeout: 20_000 }).not.toBeNull()
    expect(store.status).toMatchObject({ recording: true, problem: null, unwritten: 0, spool: { rows: 1 } })
    const unavailable = expect.objectContaining({
      code: 'record_unavailable',
      line: expect.stringMatching(/PostgreSQL cannot be used: .+ RECORD_URL/),
    })
    await expect(store.list({}, 10)).rejects.toEqual(unavailable)
    await expect(store.stream({}).next()).rejects.toEqual(unavailable)
    await expect(store.get(early.record.turnId)).rejects.toEqual(unavailable)
    await expect(store.delete(late.record.turnId)).rejects.toMatchObject({ code: 'record_unavailable' })
    expect(await store.get(late.record.turnId)).toEqual({ ...late.record, ...late.text })
    await postgres.start()
    await isEmpty(store)
    expect((await store.list({}, 10)).items.map(({ turnId }) => turnId)).toEqual([
      late.record.turnId,
      early.record.turnId,
    ])
  })

  test('a replica that starts and ends leaves its turns to its next start', async () => {
    await postgres.kill()
    const dead = replica('a')
    const turns = makeTurns(700)
    for (const turn of turns) insert(dead, turn)
    dead.close()
    await postgres.start()
    const next = replica('a')
    await isEmpty(next)
    expect(await idsThere()).toHaveLength(turns.length)
  }, 60_000)
})

test('a turn that was forgotten stays so when a replica ships it late', async () => {
  const [a, b] = [replica('a'), replica('b')]
  const turn = makeTurn(3)
  insert(a, turn)
  await isEmpty(a)
  expect(await b.delete(turn.record.turnId)).toBe(true)
  expect(await b.delete(turn.record.turnId)).toBe(false)
  insert(a, turn)
  await isEmpty(a)
  expect(await b.get(turn.record.turnId)).toBeNull()
  expect((await b.list({}, 10)).items).toEqual([])
  const texts = await once(
    url,
    async client => (await client.query('SELECT transcript, reply, record FROM turns')).rows,
  )
  expect(texts).toEqual([{ transcript: null, reply: null, record: null }])
})

test('a row that PostgreSQL cannot take stays in the spool and holds up none behind it', async () => {
  const store = replica('a')
  // A filter column is made of it, and half a character is no text there.
  insert(store, makeTurn(0, { conversationId: '\ud800' }))
  insert(store, makeTurn(1, {}, { transcript: 'a \0 in it' }))
  await expect.poll(idsThere, { timeout: 20_000 }).toHaveLength(1)
  expect(store.status.spool).toEqual({ rows: 1, problem: null })
  expect((await store.list({}, 10)).items.map(({ transcript }) => transcript)).toEqual(['a \ufffd in it'])
  expect(log.lines.map(line => line.message).join()).toMatch(/stays in the spool/)
})

test('lists, exports and summaries are the same as of one file', async () => {
  const shared = replica('a')
  const alone = openTurnStore(':memory:', { saveText: true })
  open.push(alone)
  for (const turn of makeTurns(230)) for (const store of [shared, alone]) insert(store, turn)
  const { signal } = new AbortController()
  const everything = async (store: TurnStore) => ({
    page: await store.list({ outcome: 'completed' }, 120),
    csv: await wholeText(turnsAsCsv(store.stream({}))),
    ndjson: await wholeText(turnsAsNdjson(store.stream({ source: 'rest' }))),
    summary: await summarize(store, ['llmModel', 'speechModel'], {}, signal),
  })
  const [ofShared, ofAlone] = [await everything(shared), await everything(alone)]
  expect(ofShared).toEqual(ofAlone)
  expect(ofShared.csv.split('\n').length).toBeGreaterThan(230)
})

test('a file is imported beside servers that record, once, without what was forgotten, and stays as it is', async () => {
  const path = join(folder, 'before.sqlite')
  const before = openTurnStore(path, { saveText: true })
  for (const turn of makeTurns(250)) insert(before, turn)
  before.close()
  const store = replica('a')
  insert(store, makeTurn(7))
  insert(store, makeTurn(8))
  await isEmpty(store)
  await store.delete(makeTurn(8).record.turnId)
  insert(store, makeTurn(300))
  const { signal } = new AbortController()
  expect(await importRecord(path, url, signal)).toEqual({ added: 248, known: 2, refused: 0 })
  expect(await importRecord(path, url, signal)).toEqual({ added: 0, known: 250, refused: 0 })
  const reader = readSharedRecord(url)
  await isEmpty(store)
  const forgotten = makeTurn(8).record.turnId
  const expected = [...makeTurns(250), makeTurn(300)].filter(({ record }) => record.turnId !== forgotten)
  const { items } = await reader.list({}, 500)
  expect(items.toReversed()).toEqual(expected.map(({ record, text }) => ({ ...record, ...text })))
  await reader.close()
  const after = openTurnStore(path, { saveText: true, readOnly: true })
  expect((await after.list({}, 500)).items).toHaveLength(250)
  after.close()
  await expect(importRecord(join(folder, 'none.sqlite'), url, signal)).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('doctor says whether it answers, and never with what', async () => {
  const { config } = readConfig({ flags: {}, environment: {}, dotEnv: {} })
  const address = url.replace('quantvox@', 'quantvox:a-password@')
  const examined = () => examineRecord({ ...config, RECORD_URL: address })
  expect(await examined()).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('PostgreSQL answers'),
  })
  await postgres.kill()
  const found = await examined()
  expect(found).toMatchObject({ state: 'wrong', mend: expect.stringContaining('RECORD_URL') })
  expect(JSON.stringify(found)).not.toContain('a-password')
})

test('a record of a newer Quantvox is left alone, and turns are kept', async () => {
  await replica('a').list({}, 1)
  await once(url, client => client.query('UPDATE quantvox_schema SET version = 99'))
  const late = replica('b')
  insert(late, makeTurn(0))
  await expect(late.list({}, 1)).rejects.toThrow(/schema version 99/)
  expect(late.status.spool?.rows).toBe(1)
  expect(await idsThere()).toEqual([])
})
