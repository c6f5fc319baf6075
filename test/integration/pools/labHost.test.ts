import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { tellRouter } from '../../../server/engines/router/admin.ts'
import { takeFromPools } from '../../../server/engines/router/poolHost.ts'
import { failureOf } from '../../support/failureOf.ts'
import { useHaproxy } from '../../support/pools/haproxy.ts'
import { type ScriptedPool, startScriptedPool } from '../../support/pools/scriptedPool.ts'

/** A host that is measured: out of the pools of a real HAProxy meanwhile, and back in them whatever becomes of the lab. */

const WHOLE_MS = 90_000
const SERVERS = ['llm/o1', 'speech/w1']
const haproxy = useHaproxy()
const { signal } = new AbortController()
let folder: string
let pool: ScriptedPool | null = null
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-lab-host-'))
})
afterEach(() => {
  pool?.stop()
  pool = null
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

/** Null where there is no HAProxy. */
async function start(script: Record<string, string> = {}) {
  const here = await haproxy()
  if (here === null) return null
  const own = await mkdtemp(join(folder, 'scene-'))
  const socket = join(own, 'admin.sock')
  const made = await startScriptedPool(here, own, script)
  pool = made
  const chat = async (conversation: string) => {
    const answer = await fetch(`${made.llmUrl}/api/chat`, {
      method: 'POST',
      headers: { 'x-quantvox-conversation': conversation },
      body: JSON.stringify({ options: {} }),
    })
    const text = answer.text()
    // The hosts are gone with the test.
    text.catch(() => {})
    return { host: answer.headers.get('x-engine-host'), text }
  }
  /** Administrative states (0 is ready, 1 bit is maintenance) by server. */
  const states = async () => {
    const lines = (await tellRouter(socket, 'show servers state')).split('\n').map(line => line.split(' '))
    return SERVERS.map(server => {
      const [backend, name] = server.split('/')
      return Number(lines.find(([, proxy, , is]) => proxy === backend && is === name)?.[6]) & 1
    })
  }
  return { socket, chat, states }
}

/** A conversation whose host is this one. */
async function conversationAt(host: string, chat: (id: string) => Promise<{ host: string | null }>) {
  for (let i = 0; i < 20; i++) if ((await chat(`${host}-${i}`)).host === host) return `${host}-${i}`
  throw new Error(`no conversation came to ${host}`)
}

test(
  'a host is out of its pools once its turn has ended, and back in them after',
  async context => {
    const scene = await start({ SCRIPTED_TOKEN_MS: '150' })
    if (scene === null) return context.skip()
    const { socket, chat, states } = scene
    const conversation = await conversationAt('o1', chat)
    const turn = await chat(conversation)
    expect(turn.host).toBe('o1')
    let hasEnded = false
    const ended = turn.text.then(text => {
      hasEnded = true
      return text
    })
    const giveBack = await takeFromPools(socket, SERVERS, signal)
    expect(hasEnded).toBe(true)
    expect((await ended).trim().split('\n').at(-1)).toContain('"done":true')
    expect(await states()).toEqual([1, 1])
    for (let i = 0; i < 6; i++) expect((await chat(i === 0 ? conversation : `c${i}`)).host).toBe('o2')
    await giveBack()
    expect(await states()).toEqual([0, 0])
  },
  WHOLE_MS,
)

test(
  'a lab that is killed gives the host back all the same',
  async context => {
    const scene = await start()
    if (scene === null) return context.skip()
    const { socket, states } = scene
    const script = join(folder, 'lab.ts')
    const source = resolve(import.meta.dirname, '../../../server/engines/router/poolHost.ts')
    await writeFile(
      script,
      `import { takeFromPools } from ${JSON.stringify(source)}
       await takeFromPools(${JSON.stringify(socket)}, ${JSON.stringify(SERVERS)}, new AbortController().signal)
       setInterval(() => {}, 1000)`,
    )
    const lab = spawn(process.execPath, [script], { stdio: 'inherit' })
    await expect.poll(states, { timeout: 30_000 }).toEqual([1, 1])
    await sleep(500)
    lab.kill('SIGKILL')
    await expect.poll(states, { timeout: 30_000 }).toEqual([0, 0])
  },
  WHOLE_MS,
)

test(
  'what the router does not know is told, and what was taken is given back',
  async context => {
    const scene = await start()
    if (scene === null) return context.skip()
    const { socket, states } = scene
    const unknown = await failureOf(takeFromPools(socket, [...SERVERS, 'llm/o9'], signal))
    expect(unknown).toMatchObject({ code: 'engine_unavailable', message: expect.stringContaining('llm/o9') })
    await expect.poll(states, { timeout: 30_000 }).toEqual([0, 0])
    const nobody = await failureOf(takeFromPools(join(folder, 'none.sock'), SERVERS, signal))
    expect(nobody).toMatchObject({
      code: 'engine_unavailable',
      mend: expect.stringContaining('ROUTER_SOCKET'),
    })
  },
  WHOLE_MS,
)

test(
  'a router that takes a host back late is waited for, and one that never does is told of',
  async () => {
    let refusals = 7
    const told: string[] = []
    const router = createServer(connection => {
      connection.once('data', data => {
        const command = data.toString().trim()
        told.push(command)
        if (command === 'show stat') connection.end(`llm,o1,0,0,0,0${',0'.repeat(11)},UP\n`)
        else connection.end(/ready$/.test(command) && refusals-- > 0 ? 'Not now.\n' : '\n')
      })
    })
    const socket = join(folder, 'late.sock')
    await new Promise<void>(settle => router.listen(socket, settle))
    const giveBack = await takeFromPools(socket, ['llm/o1'], signal)
    await giveBack()
    expect(refusals).toBeLessThan(0)
    expect(told.at(-1)).toBe('set server llm/o1 state ready')

    refusals = Number.POSITIVE_INFINITY
    const never = await takeFromPools(socket, ['llm/o1'], signal)
    expect(await failureOf(never())).toMatchObject({
      code: 'engine_unavailable',
      mend: expect.stringContaining('set server llm/o1 state ready'),
    })
    router.close()
  },
  WHOLE_MS,
)
