import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { tellRouter } from '../../../server/engines/router/admin.ts'
import { useHaproxy } from '../../support/pools/haproxy.ts'
import { type PoolHost, startPoolHost } from '../../support/pools/poolHost.ts'
import { routerConfiguration, routerEnvironment } from '../../support/pools/routerEnvironment.ts'

const DIGEST = '5f4d1e0c'.repeat(8)
const haproxy = useHaproxy()
let folder: string
const hosts: PoolHost[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-router-'))
})
afterEach(() => Promise.all(hosts.splice(0).map(host => host.close())))
afterAll(() => rm(folder, { recursive: true, force: true }))

async function host(digest = DIGEST, held = false): Promise<PoolHost> {
  const started = await startPoolHost(digest, held)
  hosts.push(started)
  return started
}

/** A router as docs/operations has it before these hosts, which it has found well; null where there is no HAProxy. */
async function route(one: PoolHost, two: PoolHost, settings: Record<string, string> = {}) {
  const here = await haproxy()
  if (here === null) return null
  const both = [one.address, two.address] as const
  const { ports, socket, environment } = await routerEnvironment(folder, DIGEST, both, both)
  const { llm, speech, metrics } = ports
  await here.start(routerConfiguration, llm, { ...environment, ...settings })
  const post = (port: number, path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{}', headers })
  return {
    /** `path` of the language models, of a conversation. */
    llm: (path: string, conversation?: string, isAtPause = false) =>
      post(llm, path, {
        ...(conversation !== undefined && { 'x-quantvox-conversation': conversation }),
        ...(isAtPause && { 'x-quantvox-partial': '1' }),
      }),
    speech: (kind: 'partial' | 'final') =>
      post(speech, '/inference', kind === 'partial' ? { 'x-quantvox-partial': '1' } : {}),
    told: async (path: string) => (await fetch(`http://127.0.0.1:${metrics}${path}`)).text(),
    command: (line: string) => tellRouter(socket, line),
  }
}

const hostOf = ({ headers }: Response) => headers.get('x-engine-host')

test('conversations go back to their host, with what is asked of it beside, and the answer names it', async context => {
  const router = await route(await host(), await host())
  if (router === null) return context.skip()
  const places = new Map<string, string | null>()
  for (let turn = 0; turn < 4; turn++) {
    for (let conversation = 0; conversation < 10; conversation++) {
      const [id, path] = [`c${conversation}`, turn === 3 ? '/api/ps' : '/api/chat']
      const answer = await router.llm(path, id)
      expect(answer.status).toBe(200)
      // Of checks and turns Ollama hears a name of its own machine.
      expect(await answer.json()).toEqual({ host: 'localhost' })
      expect(answer.headers.get('x-queue-ms')).toMatch(/^\d+$/)
      expect(answer.headers.get('x-retries')).toBe('0')
      expect(hostOf(answer)).toBe(places.get(id) ?? hostOf(answer))
      places.set(id, hostOf(answer))
    }
  }
  expect(new Set(places.values())).toEqual(new Set(['o1', 'o2']))
  expect(await router.told('/metrics')).toContain('haproxy_backend_current_queue{proxy="llm"} 0')
})

test('nothing but the paths of turns reaches a host', async context => {
  const [one, two] = [await host(), await host()]
  const router = await route(one, two)
  if (router === null) return context.skip()
  for (const path of [
    '/api/pull',
    '/api/delete',
    '/api/create',
    '/api/copy',
    '/api/blobs/x',
    '/',
    '/api/chat/',
  ])
    expect((await router.llm(path)).status, path).toBe(403)
  expect([...one.asked, ...two.asked]).toEqual([])
})

test('a host without the model of that digest is never asked', async context => {
  const [one, two] = [await host('0'.repeat(64)), await host()]
  const router = await route(one, two)
  if (router === null) return context.skip()
  await expect.poll(() => router.command('show servers state llm'), { timeout: 20_000 }).toMatch(/ o1 \S+ 0 /)
  for (let turn = 0; turn < 10; turn++) expect(hostOf(await router.llm('/api/chat', `c${turn}`))).toBe('o2')
  expect(one.asked).toEqual([])
})

test('a conversation whose host is full and waited for goes to the other one', async context => {
  const [one, two] = [await host(DIGEST, true), await host(DIGEST, true)]
  const router = await route(one, two, { LLM_HOST_SLOTS: '1', QUEUE_TIMEOUT: '60s' })
  if (router === null) return context.skip()
  const first = await router.llm('/api/chat', 'c')
  const second = router.llm('/api/chat', 'c')
  await expect.poll(() => router.command('show stat'), { timeout: 20_000 }).toMatch(/^llm,o[12],1,/m)
  const third = await router.llm('/api/chat', 'c')
  expect(hostOf(third)).not.toBe(hostOf(first))
  for (const each of [one, two]) each.release()
  expect(hostOf(await second)).toBe(hostOf(first))
})

test('what is asked at a pause is refused while no host has a place, and turns wait', async context => {
  const [one, two] = [await host(DIGEST, true), await host(DIGEST, true)]
  const router = await route(one, two, { LLM_HOST_SLOTS: '1', QUEUE_TIMEOUT: '60s' })
  if (router === null) return context.skip()
  const begun = [await router.llm('/api/chat', 'a'), await router.llm('/api/chat', 'b', true)]
  expect(begun.map(({ status }) => status)).toEqual([200, 200])
  for (const path of ['/api/chat', '/api/generate'])
    expect((await router.llm(path, 'c', true)).status).toBe(503)
  const turn = router.llm('/api/chat', 'd')
  await expect.poll(() => router.command('show stat'), { timeout: 20_000 }).toMatch(/^llm,o[12],1,/m)
  for (const each of [one, two]) each.release()
  expect((await turn).status).toBe(200)
})

test('a host that is taken out ends its turn and gets none, not of its conversations either', async context => {
  const [one, two] = [await host(DIGEST, true), await host(DIGEST, true)]
  const router = await route(one, two)
  if (router === null) return context.skip()
  const turn = await router.llm('/api/chat', 'c')
  const place = hostOf(turn)
  await router.command(`set server llm/${place} state maint`)
  expect(hostOf(await router.llm('/api/chat', 'c'))).not.toBe(place)
  for (const each of [one, two]) each.release()
  expect(await turn.text()).toBe('begunended')
  await router.command(`set server llm/${place} state ready`)
  const places = new Set<string | null>()
  for (let i = 0; i < 4; i++) places.add(hostOf(await router.llm('/api/chat', `d${i}`)))
  expect(places).toEqual(new Set(['o1', 'o2']))
})

test('with all speech hosts at work a partial decoding is refused at once, and a final one waits', async context => {
  const [one, two] = [await host(DIGEST, true), await host(DIGEST, true)]
  const router = await route(one, two, { QUEUE_TIMEOUT: '60s' })
  if (router === null) return context.skip()
  const partial = await router.speech('partial')
  const final = await router.speech('final')
  expect([hostOf(partial), hostOf(final)].toSorted()).toEqual(['w1', 'w2'])
  expect((await router.speech('partial')).status).toBe(503)
  const waiting = router.speech('final')
  await expect
    .poll(() => router.told('/metrics'))
    .toContain('haproxy_backend_current_queue{proxy="speech"} 1')
  expect((await router.speech('partial')).status).toBe(503)
  one.release()
  expect((await waiting).status).toBe(200)
  expect(Number((await waiting).headers.get('x-queue-ms'))).toBeGreaterThan(0)
})
