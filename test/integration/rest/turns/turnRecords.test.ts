import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { turnRecordRoutes } from '../../../../server/doors/rest/turns/turnRecords.ts'
import { toQuantvoxError } from '../../../../server/errors.ts'
import { StoredTurn } from '../../../../server/protocol/record.ts'
import { TurnPage } from '../../../../server/protocol/turnQueries.ts'
import { openTurnStore } from '../../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../../server/record/turnStore.ts'
import { makeTurn } from '../../../support/record/records.ts'
import { servedRecord } from '../../../support/record/servedRecord.ts'

const { now, fill, get } = servedRecord()

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
  const forgotten = await now().app.inject({ method: 'DELETE', url })
  expect([forgotten.statusCode, forgotten.body]).toEqual([204, ''])
  expect(now().deletedAudio).toEqual([made?.record.turnId])
  expect((await get(url)).json()).toEqual({ code: 'not_found', detail: expect.stringMatching(/no turn/) })
  expect((await now().app.inject({ method: 'DELETE', url })).statusCode).toBe(404)
})

test('CSV has one dotted path a column, empty cells for what is unknown, and runs no formula', async () => {
  fill(3)
  const { record } = makeTurn(10)
  now().store.insert(record, {
    transcript: '=HYPERLINK("x")',
    reply: 'two\nlines, "quoted"',
    heardText: null,
  })
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
    ...now().store,
    async *stream(filters, signal) {
      try {
        for await (const turn of now().store.stream(filters, signal)) {
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
    const path = join(now().folder, 'list.txt')
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

test('every route is in the OpenAPI document with its parameters and answers', async () => {
  await now().app.ready()
  const { paths = {} } = now().app.swagger() as { paths?: Record<string, Record<string, unknown>> }
  expect(Object.keys(paths).toSorted()).toEqual(['/v1/summary', '/v1/turns', '/v1/turns/{id}'])
  expect(paths['/v1/turns']?.get).toMatchObject({
    parameters: expect.arrayContaining([expect.objectContaining({ name: 'speechModel', in: 'query' })]),
    responses: { 200: { content: { 'text/csv': expect.anything() } }, 400: expect.anything() },
  })
  expect(paths['/v1/turns/{id}']).toMatchObject({ get: expect.anything(), delete: expect.anything() })
})
