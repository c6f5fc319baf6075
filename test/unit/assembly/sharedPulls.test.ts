import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { sharePulls } from '../../../server/assembly/record/sharedPulls.ts'
import type { PullEvent } from '../../../server/engines/pulls.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { createMemoryWork } from '../../support/record/memoryWork.ts'
import { heldDownload } from '../../support/setup/heldDownload.ts'

const SOON = { timeout: 10_000, interval: 20 }
const { signal } = new AbortController()
const log = pino({ level: 'silent' })
const progress = { status: 'downloading', completedBytes: 10, totalBytes: 100 }

type Shared = Pick<ReturnType<typeof createMemoryWork>, 'as'>

function server(shared: Shared, replicaId: string, place = 'gpu:11434') {
  const download = heldDownload()
  const sharing = {
    work: shared.as(replicaId),
    kind: 'language' as const,
    replicaId,
    place: () => place,
    log,
  }
  return { ...download, pulls: sharePulls(download.pulls, sharing) }
}

/** What one who follows it hears, as it comes. */
function following({ pulls }: ReturnType<typeof server>, name = 'fake:1b') {
  const events: PullEvent[] = []
  const over = (async () => {
    for await (const event of pulls.follow(name, signal)) events.push(event)
  })()
  return { events, over }
}

test('a pull is seen at the other server, with who pulls, and followed there instead of pulled twice', async () => {
  const work = createMemoryWork()
  const [a, b] = [server(work, 'a'), server(work, 'b')]
  const first = following(a)
  await expect.poll(a.begun, SOON).toBe(1)
  a.report(progress)
  const seen = { items: [{ name: 'fake:1b', progress, replicaId: 'a' }] }
  for (const { pulls } of [a, b]) await expect.poll(() => pulls.list(), SOON).toEqual(seen)
  const second = following(b)
  await expect.poll(() => second.events, SOON).toEqual([{ event: 'progress', progress }])
  expect(b.pulls.cancel('fake:1b')).toBe(false)
  a.finish()
  await Promise.all([first.over, second.over])
  for (const { events } of [first, second]) expect(events.at(-1)).toEqual({ event: 'done' })
  expect(b.begun()).toBe(0)
  for (const { pulls } of [a, b]) await expect.poll(() => pulls.list(), SOON).toEqual({ items: [] })
})

test('why it failed is told at the other server, too, where it can be tried again', async () => {
  const work = createMemoryWork()
  const [a, b] = [server(work, 'a'), server(work, 'b')]
  const first = following(a)
  await expect.poll(a.begun, SOON).toBe(1)
  const second = following(b)
  await expect.poll(() => second.events.length, SOON).toBeGreaterThan(0)
  a.finish(new QuantvoxError('model_not_found', 'There is no fake:1b.', { mend: 'Check its name.' }))
  await Promise.all([first.over, second.over])
  expect(second.events.at(-1)).toMatchObject({
    event: 'error',
    error: { code: 'model_not_found', message: 'There is no fake:1b.', mend: 'Check its name.' },
  })
  const again = following(b)
  await expect.poll(b.begun, SOON).toBe(1)
  b.finish()
  await again.over
  expect(again.events.at(-1)).toEqual({ event: 'done' })
})

test('what comes to another place is pulled there, and of two names each', async () => {
  const work = createMemoryWork()
  const [a, b] = [server(work, 'a'), server(work, 'b', 'another:11434')]
  following(a)
  following(b)
  following(b, 'fake:2b')
  await expect.poll(() => [a.begun(), b.begun()], SOON).toEqual([1, 2])
  await expect.poll(async () => (await a.pulls.list()).items.length, SOON).toBe(3)
  for (const { pulls } of [a, b]) pulls.stop()
})

test('one whose server was killed is taken over by whoever follows it', async () => {
  const work = createMemoryWork()
  const b = server(work, 'b')
  const told = { name: 'fake:1b', state: 'progress', progress }
  await work.as('a').tell('language pull', 'fake:1b at gpu:11434', told, 1)
  const { events, over } = following(b)
  await expect.poll(() => events, SOON).toContainEqual({ event: 'progress', progress })
  expect(b.begun()).toBe(0)
  await expect.poll(b.begun, SOON).toBe(1)
  b.finish()
  await over
  expect(events.at(-1)).toEqual({ event: 'done' })
})

test('one that a stop breaks off is taken over by whoever follows it, and who follows holds up no stop', async () => {
  const work = createMemoryWork()
  const [a, b, c] = [server(work, 'a'), server(work, 'b'), server(work, 'c')]
  following(a)
  await expect.poll(a.begun, SOON).toBe(1)
  const [second, third] = [following(b), following(c)]
  for (const { events } of [second, third]) await expect.poll(() => events.length, SOON).toBeGreaterThan(0)
  c.pulls.stop()
  await third.over
  expect(third.events.at(-1)).toMatchObject({ event: 'error', error: { code: 'shutting_down' } })
  a.pulls.stop()
  await expect.poll(b.begun, SOON).toBe(1)
  b.finish()
  await second.over
  expect(second.events.map(({ event }) => event)).not.toContain('error')
  expect(second.events.at(-1)).toEqual({ event: 'done' })
})

test('one that is over is not listed any more, also before the others have heard of that', async () => {
  const heard = Promise.withResolvers<void>()
  const own = createMemoryWork().as('a')
  const tell: typeof own.tell = async (...told) => {
    if (told[3] === 0) await heard.promise
    return await own.tell(...told)
  }
  const a = server({ as: () => ({ ...own, tell }) }, 'a')
  const { over } = following(a)
  await expect.poll(a.begun, SOON).toBe(1)
  a.finish()
  await over
  expect(await a.pulls.list()).toEqual({ items: [] })
  heard.resolve()
})

test('what was pulled long ago leaves nothing behind', async () => {
  const work = createMemoryWork()
  const a = server(work, 'a')
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    for (const name of ['fake:1b', 'fake:2b']) {
      const { over } = following(a, name)
      await expect.poll(() => a.pulls.running(), SOON).toEqual([name])
      a.finish(new Error('There is no such model.'))
      await over
      const told = async () => (await work.as('b').list('language pull')).map(({ lapsed }) => lapsed)
      await expect.poll(told, SOON).toEqual([true])
      vi.setSystemTime(Date.now() + 61_000)
    }
  } finally {
    vi.useRealTimers()
  }
})

test('without the record each pulls by itself, and says what it cannot see', async () => {
  const work = createMemoryWork()
  const [a, b] = [server(work, 'a'), server(work, 'b')]
  following(a)
  await expect.poll(a.begun, SOON).toBe(1)
  work.fail(new QuantvoxError('record_unavailable', 'It is away.'))
  const second = following(b)
  await expect.poll(b.begun, SOON).toBe(1)
  expect(await b.pulls.list()).toMatchObject({
    items: [{ name: 'fake:1b', replicaId: 'b' }],
    unseen: { code: 'record_unavailable' },
  })
  b.finish()
  await second.over
  expect(second.events.at(-1)).toEqual({ event: 'done' })
  a.pulls.stop()
})
