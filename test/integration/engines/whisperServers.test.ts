import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpeechEngineLease } from '../../../server/engineLease.ts'
import { processIdentity } from '../../../server/engines/processIdentity.ts'
import type { SpeechEngines } from '../../../server/engines/whisper/speechEngines.ts'
import { createLocalSpeechEngines } from '../../../server/engines/whisper/whisperServers.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { quietLog } from '../../support/quietLog.ts'

const fake = fileURLToPath(new URL('../../support/engines/fakeWhisper.sh', import.meta.url))
const never = new AbortController().signal
const model = (name: string) => ({ name, path: `/models/${name}.bin` })
let engines: SpeechEngines

function create(maxLoaded: number): SpeechEngines {
  const programs = () => Promise.resolve({ serverPath: fake, version: '9.9' })
  return createLocalSpeechEngines({ programs, threads: 2, maxLoaded, log: quietLog() })
}

async function use(name: string): Promise<SpeechEngineLease> {
  const lease = await engines.acquire(model(name), 'somebody', never)
  lease.release()
  return lease
}

const names = async () => (await engines.loaded()).map(entry => entry.name)
const pidOf = async (name: string) => (await engines.loaded()).find(entry => entry.name === name)?.pid ?? 0

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
}

beforeEach(() => {
  engines = create(2)
})
afterEach(() => engines.stop())

describe('whisper-servers on this machine', () => {
  it('start on demand, each with its model on loopback, and say that the first request was cold', async () => {
    const cold = await use('one')
    expect(cold).toMatchObject({ cold: true, engine: 'whisper-server 9.9, local process' })
    expect(cold.loadMs).toBeGreaterThan(0)
    const { arguments: given } = (await (await fetch(`${cold.baseUrl}/whoami`)).json()) as {
      arguments: string[]
    }
    expect(given.join(' ')).toContain('--host 127.0.0.1')
    expect(given.join(' ')).toContain('--threads 2 --model /models/one.bin')
    expect(await use('one')).toMatchObject({ cold: false, loadMs: null, baseUrl: cold.baseUrl })
  })

  it('keep two levels apart, with their own memory each', async () => {
    const [one, two] = [await use('one'), await use('two')]
    expect(one.baseUrl).not.toBe(two.baseUrl)
    const loaded = await engines.loaded()
    expect(loaded.map(({ name, state }) => [name, state])).toEqual([
      ['one', 'ready'],
      ['two', 'ready'],
    ])
    for (const { residentBytes: bytes } of loaded) expect(bytes).toBeGreaterThan(1_000_000)
  })

  it('stop the least recently used one when there are too many', async () => {
    await use('one')
    await use('two')
    const pid = await pidOf('two')
    await use('one')
    await use('three')
    await until(async () => (await processIdentity(pid)) === null)
    expect(await names()).toEqual(['one', 'three'])
  })

  it('never stop one that is in use, but as soon as it is free', async () => {
    engines = create(1)
    const held = await engines.acquire(model('one'), 'somebody', never)
    const pid = await pidOf('one')
    await use('two')
    expect((await fetch(`${held.baseUrl}/health`)).ok).toBe(true)
    held.release()
    await until(async () => (await processIdentity(pid)) === null)
    expect(await names()).toEqual(['two'])
  })

  it('let one request in at a time and tell how long the other waited', async () => {
    const first = await engines.acquire(model('one'), 'a', never)
    let isSecondIn = false
    const second = engines.acquire(model('one'), 'b', never).then(lease => {
      isSecondIn = true
      return lease
    })
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(isSecondIn).toBe(false)
    first.release()
    first.release()
    const lease = await second
    expect(lease.queueMs).toBeGreaterThan(30)
    expect(lease.cold).toBe(false)
    lease.release()
  })

  it('end one that is healthy but does not answer in time, so that the next request has another', async () => {
    const lease = await engines.acquire(model('one'), 'a', never)
    await (await fetch(`${lease.baseUrl}/stall`)).text()
    const late = new QuantvoxError('engine_timeout', 'The speech engine took longer than 2 s.')
    expect(await lease.explain(late)).toBe(late)
    lease.release()
    const next = await use('one')
    expect(next.baseUrl).not.toBe(lease.baseUrl)
    expect((await fetch(`${next.baseUrl}/inference`, { method: 'POST', body: 'x' })).ok).toBe(true)
  })

  it('fail only the request that one died in; the next one is served', async () => {
    const lease = await engines.acquire(model('one'), 'a', never)
    const pid = await pidOf('one')
    const request = fetch(`${lease.baseUrl}/slow`)
    process.kill(pid, 'SIGKILL')
    await expect(request).rejects.toThrow()
    const failed = new QuantvoxError('engine_failed', 'The request broke off.')
    expect(await lease.explain(failed)).toMatchObject({
      message: expect.stringMatching(/whisper-server one died.*SIGKILL/),
      meaning: expect.stringContaining('memory'),
    })
    lease.release()
    const next = await use('one')
    expect(next.cold).toBe(true)
    expect((await fetch(`${next.baseUrl}/health`)).ok).toBe(true)
    expect(await pidOf('one')).not.toBe(pid)
  })

  it('give a place back when its owner leaves while the model loads', async () => {
    const leaver = new AbortController()
    const given = engines.acquire(model('one'), 'a', leaver.signal)
    setTimeout(() => leaver.abort(new Error('left')), 20)
    await expect(given).rejects.toThrow('left')
    expect(await use('one')).toBeDefined()
  })

  it('say engine_unavailable with the reason when the program cannot run', async () => {
    engines = createLocalSpeechEngines({
      programs: () => Promise.resolve({ serverPath: '/nonexistent/whisper-server', version: '0' }),
      threads: 1,
      maxLoaded: 1,
      log: quietLog(),
    })
    await expect(use('one')).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('could not be started'),
    })
    expect(engines.ready()).toMatchObject({ ready: false, detail: expect.stringContaining('failed') })
  })

  it('all end with stop, and none starts after it', async () => {
    await use('one')
    await use('two')
    const pids = (await engines.loaded()).map(({ pid }) => pid ?? 0)
    await engines.stop()
    for (const pid of pids) expect(await processIdentity(pid)).toBeNull()
    await expect(use('one')).rejects.toMatchObject({ code: 'shutting_down' })
  })
})
