import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectLive } from '../../../scripts/bench/liveClient.ts'
import { StoredTurn } from '../../../server/protocol/record.ts'
import { answerOf, askClip, askText, clip } from '../../support/liveServer.ts'
import { useHaproxy } from '../../support/pools/haproxy.ts'
import { type ScriptedPool, startScriptedPool } from '../../support/pools/scriptedPool.ts'
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer/start.ts'

/** A whole server before pools of two hosts, with the router of docs/operations between. */

const WHOLE_MS = 120_000
const haproxy = useHaproxy()
let folder: string
let scene: { pool: ScriptedPool; server: ScriptedServer } | null = null
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-pools-'))
})
afterEach(async () => {
  scene?.server.child.kill('SIGKILL')
  await scene?.server.exited
  scene?.pool.stop()
  scene = null
}, WHOLE_MS)
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

/** Null where there is no HAProxy. */
async function start(script: Record<string, string> = {}, router: Record<string, string> = {}) {
  const here = await haproxy()
  if (here === null) return null
  const own = await mkdtemp(join(folder, 'scene-'))
  const pool = await startScriptedPool(here, own, script, router)
  scene = { pool, server: await startScriptedServer(own, pool.settings) }
  const { url } = scene.server
  const row = async (turnId: string) => {
    const stored: unknown = await (await fetch(`${url}/v1/turns/${turnId}`)).json()
    Value.Assert(StoredTurn, stored)
    return stored
  }
  const ask = async (conversationId: string) =>
    row((await answerOf(askText(url, 'What is the time?', { conversationId }))).turnId)
  // Warming up asks them, too.
  const before = new Map(pool.llm.map(host => [host.name, host.calls().length]))
  const busy = () => pool.llm.filter(host => host.calls().length > (before.get(host.name) ?? 0))
  return { pool, url, row, ask, busy }
}

const conversation = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

test(
  'a turn’s row says which hosts answered, and a conversation stays with its host',
  async context => {
    const here = await start()
    if (here === null) return context.skip()
    const spoken = await here.row((await answerOf(askClip(here.url, clip('assistant-grapefruit')))).turnId)
    expect(spoken.speech).toMatchObject({ host: expect.stringMatching(/^w[12]$/), retries: 0 })
    expect(spoken.llm).toMatchObject({ host: expect.stringMatching(/^o[12]$/), retries: 0, cold: false })
    const hosts = new Map<string, string | null>()
    const kept: (boolean | null | undefined)[] = []
    for (let turn = 0; turn < 6; turn++) {
      for (let index = 0; index < 10; index++) {
        const id = conversation(index)
        const { llm } = await here.ask(id)
        if (turn > 0) {
          kept.push(llm.affinity)
          expect(llm.affinity).toBe(llm.host === hosts.get(id))
        } else expect(llm.affinity).toBeNull()
        hosts.set(id, llm.host)
        expect(llm.routerQueueMs).toBeGreaterThanOrEqual(0)
      }
    }
    expect(new Set(hosts.values())).toEqual(new Set(['o1', 'o2']))
    expect(kept.filter(Boolean).length / kept.length).toBeGreaterThanOrEqual(0.95)
    const { digest, quantization } = (await here.ask(conversation(0))).llm
    expect([digest, quantization]).toEqual(['f'.repeat(64), 'Q4_K_M'])
  },
  WHOLE_MS,
)

test(
  'a host that dies before its first token is not noticed',
  async context => {
    const here = await start({ SCRIPTED_FIRST_MS: '1500' })
    if (here === null) return context.skip()
    const asked = Array.from({ length: 6 }, (_, index) => here.ask(conversation(index)))
    await expect.poll(() => here.busy().length, { timeout: 20_000, interval: 20 }).toBe(2)
    here.pool.llm[0]?.kill()
    const turns = await Promise.all(asked)
    expect(turns.map(({ outcome }) => outcome)).toEqual(turns.map(() => 'completed'))
    expect(new Set(turns.map(({ llm }) => llm.host))).toEqual(new Set(['o2']))
    expect(turns.some(({ llm }) => (llm.retries ?? 0) > 0)).toBe(true)
  },
  WHOLE_MS,
)

test(
  'a host that dies in the middle of a reply fails that turn with what was said, and the next one is answered elsewhere',
  async context => {
    const here = await start({ SCRIPTED_TOKEN_MS: '400' })
    if (here === null) return context.skip()
    const client = await connectLive(here.url, { mode: 'hands-free', voice: 'none' })
    try {
      const begun = client.next('reply.delta')
      // `next` takes an error for its own.
      const ended = Promise.withResolvers<string>()
      client.watch(message => {
        if (!(message instanceof Error) && message.type === 'turn.done') ended.resolve(message.turnId)
      })
      client.send({ type: 'text', text: 'What is the time?' })
      await begun
      const [busy] = here.busy()
      busy?.kill()
      const failed = await here.row(await ended.promise)
      expect(failed).toMatchObject({
        outcome: 'failed',
        errorCode: 'engine_failed',
        llm: { host: busy?.name },
      })
      expect(failed.reply).toMatch(/^It/)
      const next = client.next('turn.done')
      client.send({ type: 'text', text: 'And now?' })
      const answered = await here.row((await next).turnId)
      expect(answered).toMatchObject({ outcome: 'completed', llm: { affinity: false } })
      expect(answered.llm.host).not.toBe(busy?.name)
    } finally {
      client.close()
    }
  },
  WHOLE_MS,
)

test(
  'a speech host that dies in a decoding costs that turn one more request',
  async context => {
    const here = await start({ SCRIPTED_DECODE_MS: '1500' })
    if (here === null) return context.skip()
    const asked = [0, 1].map(async () =>
      here.row((await answerOf(askClip(here.url, clip('assistant-grapefruit')))).turnId),
    )
    await sleep(600)
    here.pool.speech[0]?.kill()
    const turns = await Promise.all(asked)
    expect(turns.map(({ outcome }) => outcome)).toEqual(['completed', 'completed'])
    expect(turns.map(({ speech }) => speech.host)).toEqual(['w2', 'w2'])
    expect(turns.some(({ speech }) => (speech.retries ?? 0) > 0)).toBe(true)
  },
  WHOLE_MS,
)

test(
  'who interrupts frees the host behind the router',
  async context => {
    const here = await start({ SCRIPTED_TOKEN_MS: '100' })
    if (here === null) return context.skip()
    const client = await connectLive(here.url, { mode: 'hands-free', voice: 'none' })
    try {
      const [begun, done] = [client.next('reply.delta'), client.next('turn.done')]
      client.send({ type: 'text', text: 'What is the time?' })
      await begun
      const leftAt = Date.now()
      client.send({ type: 'interrupt' })
      expect((await done).outcome).toBe('interrupted')
      const left = () => here.pool.llm.flatMap(host => host.calls()).find(call => call.leftAt !== undefined)
      await expect.poll(left, { timeout: 20_000, interval: 10 }).toBeDefined()
      // It looks after each token: 100 ms.
      expect((left()?.leftAt ?? 0) - leftAt).toBeLessThan(2_000)
    } finally {
      client.close()
    }
  },
  WHOLE_MS,
)

test(
  'more than the pool takes is refused in time, and all is well again once it is over',
  async context => {
    const slow = { SCRIPTED_TOKEN_MS: '1000' }
    const here = await start(slow, { LLM_HOST_SLOTS: '1', QUEUE_TIMEOUT: '1s' })
    if (here === null) return context.skip()
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const answer = await askText(here.url, 'Hello?', { conversationId: conversation(index) })
        const body = (await answer.json()) as { code?: string }
        return {
          status: answer.status,
          code: body.code,
          retryAfter: answer.headers.get('retry-after'),
          ms: performance.now() - startedAt,
        }
      }),
    )
    const refused = answers.filter(({ status }) => status !== 200)
    expect(answers.length - refused.length).toBe(2)
    for (const { status, code, retryAfter, ms } of refused) {
      expect([status, code, retryAfter]).toEqual([503, 'at_capacity', '2'])
      expect(ms).toBeLessThan(5_000)
    }
    expect((await here.ask(conversation(99))).outcome).toBe('completed')
  },
  WHOLE_MS,
)
