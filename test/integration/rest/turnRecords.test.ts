import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { Compile } from 'typebox/schema'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { turnRecordRoutes } from '../../../server/doors/rest/turnRecords.ts'
import { errorTable, toQuantvoxError } from '../../../server/errors.ts'
import { StoredTurn } from '../../../server/protocol/record.ts'
import { Summary, TurnPage } from '../../../server/protocol/turnQueries.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

let folder: string
let store: TurnStore
let app: FastifyInstance
const deletedAudio: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-records-'))
  store = openTurnStore(join(folder, 'turns.sqlite'), { saveText: true })
  deletedAudio.length = 0
  app = Fastify()
  app.setErrorHandler((error, _request, reply) => {
    const known = toQuantvoxError(error)
    return reply
      .code(errorTable[known.code].http)
      .type('application/problem+json')
      .send({ code: known.code, detail: known.line })
  })
  await app.register(swagger, { openapi: { openapi: '3.1.0' } })
  await app.register(turnRecordRoutes({ store, deleteAudio: turnId => deletedAudio.push(turnId) }))
})
afterEach(async () => {
  await app.close()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

function fill(count: number) {
  const made = makeTurns(count)
  for (const { record, text } of made) store.insert(record, text)
  return made
}
const get = (url: string) => app.inject({ method: 'GET', url })

test('pages of turns follow the schema and lead from newest to oldest', async () => {
  fill(120)
  const first = await get('/v1/turns')
  expect(first.statusCode).toBe(200)
  expect(Compile(TurnPage).Check(first.json())).toBe(true)
  expect(first.json().items).toHaveLength(50)
  const second = await get(`/v1/turns?limit=500&cursor=${first.json().nextCursor}`)
  expect(second.json().items).toHaveLength(70)
  expect(second.json().nextCursor).toBeNull()
})

test('filters combine', async () => {
  const made = fill(60)
  const expected = made.filter(
    ({ record }) => record.llm.model === 'smollm2:135m-instruct-q8_0' && record.outcome === 'interrupted',
  )
  expect(expected.length).toBeGreaterThan(0)
  const answer = await get('/v1/turns?llmModel=smollm2:135m-instruct-q8_0&outcome=interrupted')
  expect(answer.json().items.map((turn: StoredTurn) => turn.turnId)).toEqual(
    expected.map(({ record }) => record.turnId).reverse(),
  )
})

test.each([
  ['/v1/turns?llmmodel=x', /no parameter named "llmmodel".*nearest is "llmModel"/],
  ['/v1/turns?limit=0', /limit/],
  ['/v1/turns?limit=501', /limit/],
  ['/v1/turns?limit=1.5', /limit/],
  ['/v1/turns?limit=1&limit=2', /limit/],
  ['/v1/turns?outcome=great', /outcome/],
  ['/v1/turns?since=yesterday', /since/],
  ['/v1/turns?since=2026-11-01', /since/],
  ['/v1/turns?since=2026-11-31T00:00:00Z', /since/],
  ['/v1/turns?cursor=abc', /cursor/],
  ['/v1/turns?format=xml', /format/],
  ['/v1/turns?format=csv&limit=3', /takes no limit/],
  ['/v1/summary?groupBy=mood', /groupBy.*llmModel/],
  ['/v1/summary?limit=3', /no parameter named "limit"/],
])('%s is refused with what is wrong', async (url, words) => {
  fill(2)
  const answer = await get(url)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toEqual({ code: 'invalid_request', detail: expect.stringMatching(words) })
})

test('one turn is read by its id, and forgotten with its audio', async () => {
  const [made] = fill(1)
  const url = `/v1/turns/${made?.record.turnId}`
  const answer = await get(url)
  expect(answer.json()).toEqual({ ...made?.record, ...made?.text })
  expect(Compile(StoredTurn).Check(answer.json())).toBe(true)
  const forgotten = await app.inject({ method: 'DELETE', url })
  expect([forgotten.statusCode, forgotten.body]).toEqual([204, ''])
  expect(deletedAudio).toEqual([made?.record.turnId])
  expect((await get(url)).json()).toEqual({ code: 'not_found', detail: expect.stringMatching(/no turn/) })
  expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(404)
})

test('CSV has one dotted path a column, empty cells for what is unknown, and runs no formula', async () => {
  fill(3)
  const { record } = makeTurn(10)
  store.insert(record, { transcript: '=HYPERLINK("x")', reply: 'two\nlines, "quoted"', heardText: null })
  const answer = await get('/v1/turns?format=csv')
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(answer.headers['content-disposition']).toMatch(
    /^attachment; filename="quantvox-turns-\d{4}-\d\d-\d\d\.csv"$/,
  )
  const [header = '', first = '', ...rest] = answer.body.split('\r\n')
  const columns = header.split(',')
  expect(columns.slice(0, 3)).toEqual(['turnId', 'sessionId', 'conversationId'])
  expect(columns).toContain('fromSpeechEnd.firstTokenMs')
  expect(columns.slice(-3)).toEqual(['transcript', 'reply', 'heardText'])
  const cells = first.split(',')
  expect(cells[0]).toBe(record.turnId)
  expect(cells[columns.indexOf('sessionId')]).toBe('')
  expect(cells[columns.indexOf('llm.cold')]).toBe('false')
  expect(Number(cells[columns.indexOf('fromSpeechEnd.firstTokenMs')])).toBe(record.fromSpeechEnd.firstTokenMs)
  expect(first).toContain(`"'=HYPERLINK(""x"")","two\nlines, ""quoted""",`)
  expect(rest).toHaveLength(4) // three more turns and the end
})

test('an empty selection is a CSV of the header alone, and an empty NDJSON', async () => {
  expect((await get('/v1/turns?format=csv')).body).toMatch(/^turnId,[^\n]*\r\n$/)
  expect((await get('/v1/turns?format=ndjson')).body).toBe('')
})

test('NDJSON has every selected turn whole, one a line, newest first', async () => {
  const made = fill(350)
  const answer = await get('/v1/turns?format=ndjson&since=2026-11-01T00:01:00Z')
  const lines = answer.body.trimEnd().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual(
    made
      .slice(1)
      .map(({ record, text }) => ({ ...record, ...text }))
      .reverse(),
  )
})

test.each(['csv', 'ndjson'])('a client that leaves a %s stream ends the reading', async format => {
  fill(3_000)
  let read = 0
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  const watched: TurnStore = {
    ...store,
    async *stream(filters, signal) {
      try {
        for await (const turn of store.stream(filters, signal)) {
          read++
          yield turn
        }
      } finally {
        resolve(read)
      }
    },
  }
  const other = Fastify()
  await other.register(turnRecordRoutes({ store: watched }))
  const origin = await other.listen({ host: '127.0.0.1', port: 0 })
  const leaving = new AbortController()
  const answer = await fetch(`${origin}/v1/turns?format=${format}`, { signal: leaving.signal })
  await answer.body?.getReader().read()
  leaving.abort()
  expect(await ended).toBeLessThan(3_000)
  await other.close()
})

test.each(['/v1/turns', '/v1/turns?format=csv', '/v1/turns?format=ndjson', '/v1/turns/x', '/v1/summary'])(
  'while the file cannot be read, %s says why instead of answering as if there were no turns',
  async url => {
    const path = join(folder, 'list.txt')
    writeFileSync(path, 'not a database '.repeat(100))
    const broken = openTurnStore(path, { saveText: true })
    const other = Fastify()
    other.setErrorHandler((error, _request, reply) =>
      reply
        .code(500)
        .type('application/problem+json')
        .send({ detail: toQuantvoxError(error).line }),
    )
    await other.register(turnRecordRoutes({ store: broken }))
    const answer = await other.inject({ method: 'GET', url })
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { detail: expect.stringMatching(/not an SQLite file/) },
    ])
    expect(answer.headers['content-disposition']).toBeUndefined()
    await other.close()
    broken.close()
  },
)

test('a client that leaves ends the making of a summary, and nothing is said to have failed', async () => {
  fill(3_000)
  const failures: unknown[] = []
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  let read = 0
  const watched: TurnStore = {
    ...store,
    async *stream(filters, signal) {
      try {
        for await (const turn of store.stream(filters, signal)) {
          if (read++ === 0) leaving.abort()
          // As slow as a record of millions: time for the leaving to be noticed.
          if (read % 100 === 0) await new Promise(later => setTimeout(later, 5))
          yield turn
        }
      } finally {
        resolve(read)
      }
    },
  }
  const leaving = new AbortController()
  const other = Fastify()
  other.setErrorHandler(error => failures.push(error))
  await other.register(turnRecordRoutes({ store: watched }))
  const origin = await other.listen({ host: '127.0.0.1', port: 0 })
  await expect(fetch(`${origin}/v1/summary`, { signal: leaving.signal })).rejects.toThrow(/abort/i)
  expect(await ended).toBeLessThan(3_000)
  await other.close()
  expect(failures).toEqual([])
})

test('a summary groups by models, sets cold turns apart and leaves out what too few turns support', async () => {
  const made = fill(240)
  const answer = await get('/v1/summary?groupBy=llmModel,speechModel&since=2026-11-01T00:00:00Z')
  expect(answer.statusCode).toBe(200)
  const summary: Summary = answer.json()
  expect(Compile(Summary).Check(summary)).toBe(true)
  expect(summary.groupBy).toEqual(['llmModel', 'speechModel'])
  expect(summary.groups.reduce((n, group) => n + group.n, 0)).toBe(240)
  const keys = { llmModel: 'smollm2:135m-instruct-fp16', speechModel: 'whisper-tiny.en-f16' }
  const group = summary.groups.find(({ keys: of }) => JSON.stringify(of) === JSON.stringify(keys))
  const members = made
    .map(({ record }) => record)
    .filter(record => record.llm.model === keys.llmModel && record.speech.model === keys.speechModel)
  const warm = members
    .filter(record => !record.speech.cold)
    .map(record => Number(record.fromSpeechEnd.firstTokenMs))
    .toSorted((a, b) => a - b)
  expect(group).toMatchObject({ n: members.length, coldN: members.length - warm.length, failures: 0 })
  expect(group?.coldN).toBeGreaterThan(0)
  expect(group?.timings['fromSpeechEnd.firstTokenMs']).toMatchObject({
    n: warm.length,
    min: warm[0],
    max: warm.at(-1),
    interval: [expect.any(Number), expect.any(Number)],
  })
  expect(group?.cold['fromSpeechEnd.firstTokenMs']).toMatchObject({
    n: group?.coldN,
    p90: null,
    interval: null,
  })
  expect(group?.timings['llm.thinkingMs']).toBeUndefined()
})

test('failed turns are counted by outcome and lend no figure', async () => {
  fill(100)
  const slow = makeTurn(200, { outcome: 'failed', errorCode: 'engine_timeout' })
  slow.record.speech.inferenceMs = 60_000
  store.insert(slow.record, slow.text)
  const [all]: Summary['groups'] = (await get('/v1/summary')).json().groups
  expect(all).toMatchObject({ keys: {}, n: 101, failures: 3, outcomes: { failed: 3, 'no-speech': 2 } })
  expect(all?.timings['speech.inferenceMs']?.max).toBeLessThan(1_000)
})

test('a summary has all that was asked at pauses for nothing, also in turns that came to nothing', async () => {
  const ledger = {
    ...{ pauses: 1, revisions: 0, reopened: 0, attempts: [] },
    ...{ wastedOutputTokens: 7, wastedEngineMs: 120.5 },
    ...{ tokenReadyMs: null, tokenReleasedMs: null, gateHeldMs: null, savedMs: null },
  }
  for (const [i, outcome] of (['completed', 'discarded', 'failed'] as const).entries()) {
    const { record, text } = makeTurn(i, { outcome, speculation: ledger })
    store.insert(record, text)
  }
  const { record, text } = makeTurn(3)
  store.insert(record, text)
  const [all]: Summary['groups'] = (await get('/v1/summary')).json().groups
  expect(all).toMatchObject({ n: 4, wasted: { outputTokens: 21, engineMs: 361.5 } })
})

test('a summary of no turns has no groups', async () => {
  expect((await get('/v1/summary?groupBy=voice')).json()).toEqual({ groupBy: ['voice'], groups: [] })
})

test('more than a thousand groups are refused with what to do', async () => {
  for (let i = 0; i < 1_001; i++) {
    const { record, text } = makeTurn(i, { conversationId: `c${i}` })
    store.insert(record, text)
  }
  const answer = await get('/v1/summary?groupBy=conversationId')
  expect([answer.statusCode, answer.json().detail]).toEqual([400, expect.stringMatching(/narrow/)])
})

test('every route is in the OpenAPI document with its parameters and answers', async () => {
  await app.ready()
  const { paths = {} } = app.swagger() as { paths?: Record<string, Record<string, unknown>> }
  expect(Object.keys(paths).toSorted()).toEqual(['/v1/summary', '/v1/turns', '/v1/turns/{id}'])
  expect(paths['/v1/turns']?.get).toMatchObject({
    parameters: expect.arrayContaining([expect.objectContaining({ name: 'speechModel', in: 'query' })]),
    responses: { 200: { content: { 'text/csv': expect.anything() } }, 400: expect.anything() },
  })
  expect(paths['/v1/turns/{id}']).toMatchObject({ get: expect.anything(), delete: expect.anything() })
})
