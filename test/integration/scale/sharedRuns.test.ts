import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import type { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import type {
  ComparisonEvent,
  ComparisonList,
  ComparisonStatus,
} from '../../../server/protocol/comparisons.ts'
import { streamedEvents } from '../../../server/shared/eventStream.ts'
import { useLabOllama } from '../../support/lab/labOllama.ts'
import { useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'
import type { ScriptedServer } from '../../support/scriptedServer/start.ts'

/** A lab and two servers with one record: whoever is asked tells of the same runs. */

const settings: Record<string, string> = { LLM_MODEL: 'fake:1b-q8_0' }
const { postgres, replica } = useReplicas(settings)
const ollama = useLabOllama(settings)
beforeEach(() => {
  // Long enough for a run to be met under way.
  ollama().hooks.beforeChat = () => sleep(100).then(() => true)
})
const SOON = { timeout: 60_000, interval: 200 }
const small = { llmModels: ['fake:1b-q8_0'], rounds: 1 }

async function call<T>({ url }: ScriptedServer, path = '', method = 'GET', body?: object): Promise<T> {
  const answer = await fetch(`${url}/v1/comparisons${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return (answer.status === 204 ? null : await answer.json()) as T
}
const list = (server: ScriptedServer) => call<ComparisonList>(server)
const start = (server: ScriptedServer) => call<ComparisonStatus>(server, '', 'POST', small)
const seenAt = async (server: ScriptedServer, id: string) =>
  (await list(server)).items.find(run => run.id === id)
const hasMeasured = async (server: ScriptedServer, id: string) =>
  ((await seenAt(server, id))?.progress?.doneSteps ?? 0) > 0

async function eventsOf({ url }: ScriptedServer, id: string): Promise<ComparisonEvent[]> {
  const { body } = await fetch(`${url}/v1/comparisons/${id}/events`)
  const events: ComparisonEvent[] = []
  for await (const event of body === null ? [] : streamedEvents(body)) events.push(event as ComparisonEvent)
  return events
}

/** Those that it has done, in their order. */
async function stepsOf({ dataDir }: ScriptedServer, id: string): Promise<string[]> {
  const text = await readFile(join(dataDir, 'comparisons', id, 'steps.ndjson'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { step: string }).step)
}

test(
  'a run of a lab is listed, followed, read, cancelled and forgotten at two other servers',
  async () => {
    const record = await postgres().emptyDatabase()
    const [lab, a, b] = await Promise.all(['lab', 'a', 'b'].map(name => replica(name, record)))
    if (!lab || !a || !b) throw new Error('three were started')
    const { id } = await start(lab)
    for (const server of [lab, a, b])
      expect(await seenAt(server, id)).toMatchObject({ id, replicaId: 'lab', request: small })
    const following = [a, b].map(server => eventsOf(server, id))
    for (const server of [a, b])
      await expect.poll(async () => (await seenAt(server, id))?.progress?.phase, SOON).toBe('llm')
    for (const events of await Promise.all(following)) {
      expect(events.at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
      expect(events.filter(({ event }) => event === 'progress').length).toBeGreaterThan(1)
    }
    const result = await call<ComparisonResult>(lab, `/${id}`)
    for (const server of [a, b]) expect(await call(server, `/${id}`)).toEqual(result)
    expect(result).toMatchObject({ id, state: 'done' })

    const second = await start(lab)
    await expect.poll(() => hasMeasured(a, second.id), SOON).toBe(true)
    await call(b, `/${second.id}`, 'DELETE')
    for (const server of [lab, a, b]) expect((await seenAt(server, second.id))?.state).toBe('cancelled')
    expect(await call(a, `/${second.id}`)).toMatchObject({ id: second.id, state: 'cancelled' })
    await call(a, `/${second.id}`, 'DELETE')
    for (const server of [lab, a, b]) expect((await list(server)).items.map(run => run.id)).toEqual([id])
  },
  WHOLE_MS,
)

test(
  'a run of a lab that is killed is told as lost, frees its machine, goes on there when it is back, and does no step twice',
  async () => {
    const record = await postgres().emptyDatabase()
    const [lab, a] = await Promise.all(['lab', 'a'].map(name => replica(name, record)))
    if (!lab || !a) throw new Error('two were started')
    const { id } = await start(lab)
    await expect.poll(() => hasMeasured(a, id), SOON).toBe(true)
    const waiting = await start(a)
    const waits = { progress: { what: expect.stringContaining('nobody else') } }
    await expect.poll(() => seenAt(a, waiting.id), SOON).toMatchObject(waits)
    const following = eventsOf(a, id)
    expect(await seenAt(a, waiting.id)).toMatchObject(waits)
    lab.child.kill('SIGKILL')
    await lab.exited
    await expect.poll(async () => (await seenAt(a, id))?.state, SOON).toBe('failed')
    const lost = { code: 'replica_lost', message: expect.stringContaining('lab') }
    expect(await seenAt(a, id)).toMatchObject({ error: lost, progress: null })
    expect((await following).at(-1)).toMatchObject({ event: 'error', data: lost })

    // Its machine is free for the one that waited.
    expect((await eventsOf(a, waiting.id)).at(-1)?.data).toEqual({ id: waiting.id, state: 'done' })

    const again = await replica('lab', record)
    await expect.poll(async () => (await seenAt(a, id))?.state, SOON).toBe('interrupted')
    await call(again, `/${id}/resume`, 'POST')
    expect((await eventsOf(a, id)).at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
    expect(await call(a, `/${id}`)).toMatchObject({ id, state: 'done' })
    const steps = await stepsOf(again, id)
    expect(steps).toEqual([...new Set(steps)])
    expect(steps.length).toBeGreaterThan(3)
  },
  WHOLE_MS,
)

test(
  'a run goes on without PostgreSQL, and the others have its report when that is back',
  async () => {
    const record = await postgres().emptyDatabase()
    const [lab, a] = await Promise.all(['measuring', 'looking'].map(name => replica(name, record)))
    if (!lab || !a) throw new Error('two were started')
    const { id } = await start(lab)
    await expect.poll(() => hasMeasured(a, id), SOON).toBe(true)
    await postgres().kill()
    try {
      expect(await list(a)).toMatchObject({ items: [], unseen: { code: 'record_unavailable' } })
      expect((await eventsOf(lab, id)).at(-1)).toEqual({ event: 'done', data: { id, state: 'done' } })
      expect(await list(lab)).toMatchObject({ items: [{ id, state: 'done' }] })
    } finally {
      await postgres().start()
    }
    await expect.poll(async () => (await seenAt(a, id))?.state, SOON).toBe('done')
    expect(await call(a, `/${id}`)).toMatchObject({ id, state: 'done' })
  },
  WHOLE_MS,
)
