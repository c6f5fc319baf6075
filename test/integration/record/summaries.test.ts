import Fastify from 'fastify'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { turnRecordRoutes } from '../../../server/doors/rest/turns/turnRecords.ts'
import { Summary } from '../../../server/protocol/turnQueries.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { makeTurn } from '../../support/record/records.ts'
import { servedRecord } from '../../support/record/servedRecord.ts'

const { now, fill, get } = servedRecord()

test('a client that leaves ends the making of a summary, and nothing is said to have failed', async () => {
  fill(3_000)
  const failures: unknown[] = []
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  let read = 0
  const watched: TurnStore = {
    ...now().store,
    async *stream(filters, signal) {
      try {
        for await (const turn of now().store.stream(filters, signal)) {
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
  now().store.insert(slow.record, slow.text)
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
    now().store.insert(record, text)
  }
  const { record, text } = makeTurn(3)
  now().store.insert(record, text)
  const [all]: Summary['groups'] = (await get('/v1/summary')).json().groups
  expect(all).toMatchObject({ n: 4, wasted: { outputTokens: 21, engineMs: 361.5 } })
})

test('hosts are told apart: levels are compared within one', async () => {
  const { store } = now()
  for (const [i, host] of ['o1', 'o2', 'o2'].entries()) {
    const { record, text } = makeTurn(i + 100)
    const speech = { ...record.speech, host: 'w1' }
    store.insert({ ...record, llm: { ...record.llm, host }, speech, replicaId: 'a' }, text)
  }
  const { groups }: Summary = (await get('/v1/summary?groupBy=host,speechHost,replicaId')).json()
  const keys = groups.map(({ keys, n }) => [keys.host, keys.speechHost, keys.replicaId, n])
  expect(keys).toContainEqual(['o2', 'w1', 'a', 2])
  expect(keys).toContainEqual(['o1', 'w1', 'a', 1])
})

test('a summary of no turns has no groups', async () => {
  expect((await get('/v1/summary?groupBy=voice')).json()).toEqual({ groupBy: ['voice'], groups: [] })
})

test('more than a thousand groups are refused with what to do', async () => {
  for (let i = 0; i < 1_001; i++) {
    const { record, text } = makeTurn(i, { conversationId: `c${i}` })
    now().store.insert(record, text)
  }
  const answer = await get('/v1/summary?groupBy=conversationId')
  expect([answer.statusCode, answer.json().detail]).toEqual([400, expect.stringMatching(/narrow/)])
})
