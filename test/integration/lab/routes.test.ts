import type { FastifyInstance } from 'fastify'
import Value from 'typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderReport } from '../../../server/lab/report/render.ts'
import { openComparisons } from '../../../server/lab/runs/comparisons.ts'
import { unshared } from '../../../server/lab/runs/sharedRuns.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { ComparisonEvent, ComparisonStatus } from '../../../server/protocol/comparisons.ts'
import { eventsOf } from '../../support/http.ts'
import { createFakeLab, type FakeLab } from '../../support/lab/fakeLab.ts'
import { createTestApp } from '../../support/testApp.ts'

let fake: FakeLab
let app: FastifyInstance

beforeEach(async () => {
  fake = await createFakeLab()
  const comparisons = await openComparisons(fake.lab)
  const test = await createTestApp({ dependencies: { comparisons: unshared(comparisons) } })
  app = test.app
  app.addHook('onClose', () => comparisons.stop())
})
afterEach(async () => {
  await app.close()
  await fake.dispose()
})

const small = () => ({ llmModels: ['fake:1b-q8_0'], rounds: 1 })
const start = (payload: object) => app.inject({ method: 'POST', url: '/v1/comparisons', payload })
const get = (url: string) => app.inject({ method: 'GET', url })

async function finished(payload: object): Promise<string> {
  const { id } = (await start(payload)).json()
  await get(`/v1/comparisons/${id}/events`)
  return id
}

test('POST queues, the events end with done, GET gives the result in every format', async () => {
  const answer = await start(small())
  expect(answer.statusCode).toBe(202)
  const status: unknown = answer.json()
  Value.Assert(ComparisonStatus, status)
  expect(status).toMatchObject({ state: 'queued', request: small() })

  const events = await get(`/v1/comparisons/${status.id}/events`)
  expect(events.headers['content-type']).toMatch('text/event-stream')
  const list = eventsOf(events.body)
  for (const event of list) expect(Value.Check(ComparisonEvent, event), JSON.stringify(event)).toBe(true)
  expect(list[0]?.event).toBe('progress')
  expect(list.at(-1)).toEqual({ event: 'done', data: { id: status.id, state: 'done' } })

  const result = await get(`/v1/comparisons/${status.id}`)
  expect(Value.Check(ComparisonResult, result.json())).toBe(true)
  const json = await get(`/v1/comparisons/${status.id}?format=json`)
  expect(json.headers['content-type']).toMatch('application/json')
  const types = { csv: 'text/csv', md: 'text/markdown', html: 'text/html' } as const
  for (const format of ['csv', 'md', 'html'] as const) {
    const file = await get(`/v1/comparisons/${status.id}?format=${format}`)
    expect(file.headers['content-type'], format).toMatch(types[format])
    expect(file.body).toBe(renderReport(result.json(), format))
  }
})

test('GET lists the newest first, DELETE forgets what has ended', async () => {
  const first = await finished(small())
  const second = await finished(small())
  const items = (await get('/v1/comparisons')).json().items as {
    id: string
    state: string
    sentence: string
  }[]
  expect(items.map(({ id }) => id)).toEqual([second, first])
  expect(items.every(item => Value.Check(ComparisonStatus, item))).toBe(true)
  expect((await app.inject({ method: 'DELETE', url: `/v1/comparisons/${first}` })).statusCode).toBe(204)
  expect((await get(`/v1/comparisons/${first}`)).json()).toMatchObject({ status: 404, code: 'not_found' })
  expect((await get('/v1/comparisons')).json().items).toHaveLength(1)
})

test('DELETE cancels what runs and keeps it; resume goes on with it', async () => {
  let answers = 0
  const cancelled = Promise.withResolvers<void>()
  fake.ollama.hooks.beforeChat = async () => {
    if (++answers === 3) await cancelled.promise
    return true
  }
  const { id } = (await start({ llmModels: ['fake:1b'], rounds: 1 })).json()
  await expect.poll(() => answers).toBe(3)
  const running = await get(`/v1/comparisons/${id}`)
  expect(running.json()).toMatchObject({
    status: 409,
    code: 'invalid_state',
    mend: expect.stringMatching(/events/),
  })
  const gone = app.inject({ method: 'DELETE', url: `/v1/comparisons/${id}` })
  cancelled.resolve()
  expect((await gone).statusCode).toBe(204)
  expect((await get('/v1/comparisons')).json().items[0]).toMatchObject({ id, state: 'cancelled' })
  expect((await get(`/v1/comparisons/${id}`)).json()).toMatchObject({ id, state: 'cancelled' })
  const resumed = await app.inject({ method: 'POST', url: `/v1/comparisons/${id}/resume` })
  expect(resumed.statusCode).toBe(202)
  expect(eventsOf((await get(`/v1/comparisons/${id}/events`)).body).at(-1)?.data).toEqual({
    id,
    state: 'done',
  })
  const again = await app.inject({ method: 'POST', url: `/v1/comparisons/${id}/resume` })
  expect(again.json()).toMatchObject({ status: 409, code: 'invalid_state' })
})

describe('what is refused', () => {
  test.each([
    [{ speechModels: ['whisper-nothing'] }, 404, 'model_not_found'],
    [{ llmModels: [] }, 400, 'invalid_request'],
    [{ budgetSeconds: 1 }, 400, 'invalid_request'],
    [{ audio: 'everything' }, 400, 'invalid_request'],
    [{ speech: ['whisper-test'] }, 400, 'invalid_request'],
    [{ limits: { memory: 1 } }, 400, 'invalid_request'],
  ])('%o', async (payload, status, code) => {
    const answer = await start(payload)
    expect(answer.json()).toMatchObject({ status, code })
    expect((await get('/v1/comparisons')).json().items).toEqual([])
  })

  test('ids that there are not, and formats', async () => {
    for (const url of ['/v1/comparisons/none', '/v1/comparisons/none/events'])
      expect((await get(url)).json()).toMatchObject({ status: 404, code: 'not_found' })
    for (const [method, url] of [
      ['DELETE', '/v1/comparisons/none'],
      ['POST', '/v1/comparisons/none/resume'],
    ] as const)
      expect((await app.inject({ method, url })).json()).toMatchObject({ status: 404, code: 'not_found' })
    const id = await finished(small())
    expect((await get(`/v1/comparisons/${id}?format=pdf`)).json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
  })
})

test('the routes are in the OpenAPI document', async () => {
  const { paths } = (await get('/openapi.json')).json() as { paths: Record<string, object> }
  expect(Object.keys(paths['/v1/comparisons'] ?? {})).toEqual(['post', 'get'])
  expect(Object.keys(paths['/v1/comparisons/{id}'] ?? {})).toEqual(['get', 'delete'])
  expect(paths).toHaveProperty(['/v1/comparisons/{id}/events'])
})
