import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { processIdentity } from '../../../server/engines/processIdentity.ts'
import type { EngineStatus } from '../../../server/engines/status.ts'
import { type EngineSpec, type Supervised, supervise } from '../../../server/engines/supervise.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { quietLog } from '../../support/quietLog.ts'

const fake = fileURLToPath(new URL('../../support/engines/fakeEngine.mjs', import.meta.url))
const never = new AbortController().signal
const started: Supervised[] = []

const isHealthy = async (url: string, signal: AbortSignal) => (await fetch(`${url}/health`, { signal })).ok

function engine(mode: string, more: Partial<EngineSpec> = {}) {
  const log = quietLog()
  const supervised = supervise(
    {
      name: `fake ${mode}`,
      program: port => ({ path: process.execPath, args: [fake, String(port)], env: { FAKE_MODE: mode } }),
      healthy: isHealthy,
      firstBackoffMs: 20,
      graceMs: 300,
      ...more,
    },
    log,
  )
  started.push(supervised)
  const states: EngineStatus['state'][] = []
  supervised.onChange(status => states.push(status.state))
  return { supervised, log, states }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
}

afterEach(async () => {
  await Promise.all(started.splice(0).map(supervised => supervised.stop()))
})

describe('a supervised engine', () => {
  it('is ready only when healthy and warmed, and tells what both cost', async () => {
    let warmedAt = ''
    const { supervised, states } = engine('good', {
      warm: async url => {
        warmedAt = url
      },
    })
    const running = await supervised.ready(never)
    expect(warmedAt).toBe(running.baseUrl)
    expect(running.loadMs).toBeGreaterThan(0)
    expect(running.warmMs).toBeGreaterThanOrEqual(0)
    expect(states).toEqual(['ready'])
  })

  it('writes what the engine prints into the log as fields, at debug', async () => {
    const { supervised, log } = engine('good')
    await supervised.ready(never)
    await until(() => log.lines.some(line => line.fields.line === 'listening, a line of chatter'))
    const line = log.lines.find(({ fields }) => fields.line === 'listening, a line of chatter')
    expect(line).toMatchObject({ level: 'debug', message: 'engine output', fields: { engine: 'fake good' } })
  })

  it('comes back after it was killed by hand, as another process', async () => {
    let restarts = 0
    const { supervised, states } = engine('good', { onRestart: () => restarts++ })
    const before = await supervised.ready(never)
    process.kill(before.pid, 'SIGKILL')
    await until(() => supervised.running() === null)
    expect(supervised.status().lastError).toContain('SIGKILL')
    const after = await supervised.ready(never)
    expect(after.pid).not.toBe(before.pid)
    expect(await isHealthy(after.baseUrl, never)).toBe(true)
    expect(states).toEqual(['ready', 'restarting', 'ready'])
    expect(restarts).toBe(1)
    expect(supervised.status().lastError).toBeNull()
  })

  it.each([
    ['SIGILL', /this processor does not have/, /Delete the folder "engines" in CACHE_DIR/],
    ['SIGKILL', /want of memory/, /smaller model or quantization/],
    ['SIGSEGV', /damaged model file/, /npx quantvox doctor/],
  ] as const)('tells what its end by %s means and what mends it', async (signal, meaning, mend) => {
    const { supervised } = engine('good', { maxFailedStarts: 1, firstBackoffMs: 60_000 })
    const { pid, baseUrl } = await supervised.ready(never)
    const failed = new QuantvoxError('engine_failed', 'It broke off.')
    expect(await supervised.explain(failed, baseUrl)).toBe(failed)
    process.kill(pid, signal)
    expect(await supervised.explain(failed, baseUrl)).toMatchObject({
      code: 'engine_failed',
      message: `fake good died. It was ended by signal ${signal}.`,
      meaning: expect.stringMatching(meaning),
      mend: expect.stringMatching(mend),
    })
    const told = supervised.status().lastError
    expect(told).toMatch(meaning)
    expect(told).toMatch(mend)
  })

  it.each(['SIGILL', 'SIGKILL'])('that %s ends at each start says so, behind a shell too', async signal => {
    for (const script of [
      `kill -s ${signal.slice(3)} $$`,
      `(kill -s ${signal.slice(3)} $BASHPID); exit $?`,
    ]) {
      const { supervised } = engine('good', {
        maxFailedStarts: 1,
        program: () => ({ path: '/bin/bash', args: ['-c', script] }),
      })
      await expect(supervised.ready(never)).rejects.toMatchObject({
        code: 'engine_unavailable',
        message: expect.stringContaining(signal),
        meaning: expect.stringMatching(signal === 'SIGILL' ? /processor/ : /memory/),
      })
    }
  })

  it('fails only the request that was in it when it crashed', async () => {
    const { supervised } = engine('good')
    const { baseUrl } = await supervised.ready(never)
    await expect(fetch(`${baseUrl}/crash`)).rejects.toThrow()
    await until(() => supervised.running() === null)
    const again = await supervised.ready(never)
    expect(await isHealthy(again.baseUrl, never)).toBe(true)
  })

  it('gives up after some failed starts, with what the engine said, and tries again when asked later', async () => {
    const { supervised, states } = engine('dies', { maxFailedStarts: 2 })
    await expect(supervised.ready(never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('no such model'),
    })
    expect(supervised.status().state).toBe('failed')
    // Within the back-off the refusal comes at once, without another start.
    const changes = states.length
    await expect(supervised.ready(never)).rejects.toMatchObject({ retryAfterSeconds: 1 })
    expect(states.length).toBe(changes)
    await new Promise(resolve => setTimeout(resolve, 60))
    await expect(supervised.ready(never)).rejects.toMatchObject({ code: 'engine_unavailable' })
    expect(states.slice(changes)).toEqual(['restarting', 'failed'])
  })

  it('says of one that crashes at its first work how it ended, not that a connection broke', async () => {
    const { supervised } = engine('good', {
      maxFailedStarts: 1,
      warm: async url => void (await fetch(`${url}/crash`)),
    })
    await expect(supervised.ready(never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('ended by itself with exit code 3'),
    })
  })

  it('waits longer after each failed start', async () => {
    const starts: number[] = []
    const { supervised } = engine('dies', {
      maxFailedStarts: 4,
      firstBackoffMs: 150,
      program: port => {
        starts.push(performance.now())
        return { path: '/nonexistent/engine', args: [String(port)] }
      },
    })
    await expect(supervised.ready(never)).rejects.toThrow('could not be started')
    const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
    expect(pauses).toHaveLength(3)
    expect(pauses[1]).toBeGreaterThan((pauses[0] ?? 0) * 1.3)
    expect(pauses[2]).toBeGreaterThan((pauses[1] ?? 0) * 1.3)
  })

  it('is started again at once for whoever asks for it after a crash, however often that was', async () => {
    const { supervised } = engine('good', { firstBackoffMs: 60_000 })
    const pids = new Set<number>()
    for (let crash = 0; crash < 3; crash++) {
      const { pid } = await supervised.ready(AbortSignal.timeout(10_000))
      pids.add(pid)
      process.kill(pid, 'SIGKILL')
      await until(() => supervised.running() === null)
    }
    expect(pids.size).toBe(3)
  }, 40_000)

  it('ends an engine that no longer answers and starts it again', async () => {
    const { supervised } = engine('good', { watchMs: 100 })
    const before = await supervised.ready(never)
    void fetch(`${before.baseUrl}/hang`).catch(() => undefined)
    await until(() => supervised.running() === null)
    expect(supervised.status().lastError).toMatch(/did not answer for .*hung.*started again/)
    const after = await supervised.ready(never)
    expect(after.pid).not.toBe(before.pid)
  })

  it('stops one that ignores SIGTERM by SIGKILL after the grace', async () => {
    const { supervised, states } = engine('stubborn')
    const { pid } = await supervised.ready(never)
    await supervised.stop()
    expect(await processIdentity(pid)).toBeNull()
    expect(states.at(-1)).toBe('stopped')
    await expect(supervised.ready(never)).rejects.toMatchObject({ code: 'engine_unavailable' })
  })

  it('takes what the engine itself started along when the engine dies', async () => {
    const { supervised, log } = engine('grandchild')
    const { pid } = await supervised.ready(never)
    const said = () =>
      log.lines.map(({ fields }) => /^grandchild (\d+)$/.exec(String(fields.line))?.[1]).find(Boolean)
    await until(() => said() !== undefined)
    const grandchild = Number(said())
    expect(await processIdentity(grandchild)).not.toBeNull()
    process.kill(pid, 'SIGKILL')
    await until(async () => (await processIdentity(grandchild)) === null)
  })

  it('lets a waiting caller go at once when its signal aborts', async () => {
    const { supervised } = engine('good', { healthy: () => Promise.resolve(false), startTimeoutMs: 5000 })
    const leaver = new AbortController()
    const waiting = supervised.ready(leaver.signal)
    leaver.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
  })

  it('can be stopped while it starts', async () => {
    const { supervised } = engine('good', { healthy: () => Promise.resolve(false) })
    await until(() => supervised.status().pid !== null)
    const { pid } = supervised.status()
    await supervised.stop()
    expect(supervised.status().state).toBe('stopped')
    expect(await processIdentity(pid ?? 0)).toBeNull()
  })
})
