import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { openComparisons } from '../../../server/lab/runs/comparisons.ts'
import { type SharedComparisons, shareComparisons } from '../../../server/lab/runs/sharedRuns.ts'
import type { ComparisonEvent } from '../../../server/protocol/comparisons.ts'
import { failureOf } from '../../support/failureOf.ts'
import { createFakeLab, type FakeLab } from '../../support/lab/fakeLab.ts'
import { createMemoryWork } from '../../support/record/memoryWork.ts'

/** Two servers that share a record, each with a scripted lab; a measures, b looks. */

const SOON = { timeout: 20_000, interval: 50 }
const { signal } = new AbortController()
const small = { llmModels: ['fake:1b-q8_0'], rounds: 1 }
const away = new QuantvoxError('record_unavailable', 'The record in PostgreSQL cannot be used: it is away.')
const labs: Record<string, FakeLab> = {}
let shared: ReturnType<typeof createMemoryWork>
const running: SharedComparisons[] = []

beforeEach(async () => {
  shared = createMemoryWork()
  for (const name of ['a', 'b']) labs[name] = await createFakeLab()
})
afterEach(async () => {
  for (const comparisons of running.splice(0)) await comparisons.stop()
  for (const lab of Object.values(labs)) await lab.dispose()
})

const labOf = (name: string) => labs[name] as FakeLab
async function start(name: string): Promise<SharedComparisons> {
  const own = await openComparisons(labOf(name).lab)
  const comparisons = shareComparisons(own, shared.as(name), name, pino({ level: 'silent' }))
  running.push(comparisons)
  return comparisons
}

/** Its language model answers no more than so often until it is let go. */
function holdAfter(name: string, times: number) {
  const held = Promise.withResolvers<void>()
  let answers = 0
  labOf(name).ollama.hooks.beforeChat = async () => {
    if (++answers > times) await held.promise
    return true
  }
  return { letGo: () => held.resolve(), hasBegun: () => answers > times }
}

async function eventsOf(comparisons: SharedComparisons, id: string) {
  const events: ComparisonEvent[] = []
  for await (const event of comparisons.follow(id, signal)) events.push(event)
  return events
}

test('a run is listed by the other server as soon as it is made, followed to its end, and read there with its report', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  expect(await b.list()).toMatchObject({ items: [{ id, replicaId: 'a', request: small }] })
  const following = eventsOf(b, id)
  await expect.poll(async () => (await b.status(id)).progress?.phase, SOON).toBe('llm')
  expect(await failureOf(b.result(id))).toMatchObject({ code: 'invalid_state' })
  expect(await failureOf(b.resume(id))).toMatchObject({
    code: 'invalid_state',
    mend: expect.stringContaining('at a'),
  })
  held.letGo()
  const events = await following
  expect(events.at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
  expect(events.some(({ event }) => event === 'progress')).toBe(true)
  expect(await b.result(id)).toEqual(await a.result(id))
  expect((await b.list()).items).toEqual((await a.list()).items)
})

test('whoever hears of the end at the server that measured finds the report at the other', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const { id } = await a.create(small, signal)
  await eventsOf(a, id)
  expect(await b.result(id)).toMatchObject({ id, state: 'done' })
})

test('a run that ends just before its server stops is told as it ended', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const { id } = await a.create(small, signal)
  await expect.poll(async () => (await a.status(id)).state, { ...SOON, interval: 5 }).toBe('done')
  await a.stop()
  expect(await b.status(id)).toMatchObject({ state: 'done', replicaId: 'a' })
  expect(await b.result(id)).toMatchObject({ id, state: 'done' })
})

test('a run is cancelled from the other server, which has what it observed, and forgotten from there', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  await expect.poll(held.hasBegun, SOON).toBe(true)
  const cancelled = b.remove(id)
  await expect.poll(async () => (await a.status(id)).state, SOON).toBe('cancelled')
  held.letGo()
  await cancelled
  expect(await b.status(id)).toMatchObject({ state: 'cancelled', replicaId: 'a' })
  expect(await b.result(id)).toMatchObject({ id, state: 'cancelled' })
  await b.remove(id)
  expect(await b.list()).toEqual({ items: [] })
  expect(await failureOf(b.status(id))).toMatchObject({ code: 'not_found' })
  expect(await a.list()).toEqual({ items: [] })
  expect(await (await start('a')).list()).toEqual({ items: [] })
})

test('what ends while it is cancelled from the other server is not forgotten', async () => {
  const a = await start('a')
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  const work = shared.as('b')
  const endsFirst: typeof work = {
    ...work,
    async ask(kind, asked, wish) {
      held.letGo()
      await eventsOf(a, id)
      return await work.ask(kind, asked, wish)
    },
  }
  const b = shareComparisons(await openComparisons(labOf('b').lab), endsFirst, 'b', pino({ level: 'silent' }))
  running.push(b)
  await expect.poll(held.hasBegun, SOON).toBe(true)
  await b.remove(id)
  expect(await b.status(id)).toMatchObject({ state: 'done' })
  expect(await b.result(id)).toEqual(await a.result(id))
})

test('what is forgotten where it was made is forgotten everywhere', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const { id } = await a.create(small, signal)
  await eventsOf(a, id)
  await a.remove(id)
  await expect.poll(() => b.list(), SOON).toEqual({ items: [] })
})

test('without the record a run goes on to its end; the other says what it cannot see, and sees it when the record is back', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  const following = eventsOf(b, id)
  await expect.poll(async () => (await b.status(id)).progress?.phase, SOON).toBe('llm')
  // Until it was followed that far, too.
  await new Promise(settle => setTimeout(settle, 1_000))
  shared.fail(away)
  expect(await a.list()).toMatchObject({ items: [{ id }], unseen: { code: 'record_unavailable' } })
  expect(await b.list()).toMatchObject({ items: [], unseen: { message: expect.stringContaining('away') } })
  expect(await failureOf(b.result(id))).toMatchObject({ code: 'record_unavailable' })
  held.letGo()
  expect((await eventsOf(a, id)).at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
  expect(await a.result(id)).toMatchObject({ state: 'done' })
  const second = await a.create(small, signal)
  expect((await eventsOf(a, second.id)).at(-1)?.event).toBe('done')
  shared.fail(null)
  const events = await following
  expect(events.at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
  await expect
    .poll(async () => (await b.list()).items.map(run => [run.id, run.state]), SOON)
    .toEqual([
      [second.id, 'done'],
      [id, 'done'],
    ])
  expect(await b.result(id)).toMatchObject({ id, state: 'done' })
})

test('a run that a stop breaks off is interrupted everywhere at once, and goes on where it was made', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  await expect.poll(held.hasBegun, SOON).toBe(true)
  await a.stop()
  held.letGo()
  expect(await b.status(id)).toMatchObject({ state: 'interrupted', progress: null })
  expect(await failureOf(b.result(id))).toMatchObject({ code: 'not_found' })
  const again = await start('a')
  expect(await again.resume(id)).toMatchObject({ id, replicaId: 'a' })
  expect((await eventsOf(b, id)).at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
})

test('who follows a run of another server holds up no stop', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const held = holdAfter('a', 2)
  const { id } = await a.create(small, signal)
  await expect.poll(held.hasBegun, SOON).toBe(true)
  const following = failureOf(eventsOf(b, id))
  await b.stop()
  expect(await following).toMatchObject({ code: 'shutting_down' })
  held.letGo()
})

test('a run that the disk does not forget keeps nobody from seeing the others', async () => {
  const own = await openComparisons(labOf('a').lab)
  const refused = async (id: string) => {
    if (own.status(id).state === 'done') throw new Error('EBUSY')
  }
  const a = shareComparisons({ ...own, remove: refused }, shared.as('a'), 'a', pino({ level: 'silent' }))
  running.push(a)
  const b = await start('b')
  const first = await a.create(small, signal)
  await eventsOf(a, first.id)
  await b.remove(first.id)
  const held = holdAfter('a', 0)
  const second = await a.create(small, signal)
  await expect
    .poll(async () => (await b.list()).items.map(run => [run.id, run.state]), SOON)
    .toEqual([[second.id, 'running']])
  held.letGo()
  await eventsOf(a, second.id)
})

test('what a server of another version tells in another way is left out', async () => {
  const b = await start('b')
  await shared.as('a').tell('comparison', 'x', { state: 'thinking' }, 30)
  expect(await b.list()).toEqual({ items: [] })
})
