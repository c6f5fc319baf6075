import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withLock } from '../../../server/setup/lock.ts'
import type { Progress, SetupContext } from '../../../server/setup/types.ts'

const lockUser = fileURLToPath(new URL('../../support/setup/lockUser.ts', import.meta.url))
let cacheDir: string
let log: string
let children: ChildProcess[]

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'lock-'))
  log = join(cacheDir, 'log')
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(cacheDir, { recursive: true, force: true, maxRetries: 3 })
})

function start(name: string): ChildProcess {
  const child = spawn(process.execPath, [lockUser, cacheDir, name, log], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

function context(signal = AbortSignal.timeout(20_000), steps: Progress[] = []): SetupContext {
  return { cacheDir, signal, onProgress: step => steps.push(step) }
}

it('two processes never work on one item at once, and both get their turn', async () => {
  const codes = ['first', 'second', 'third'].map(name => once(start(name), 'exit'))
  expect((await Promise.all(codes)).map(([code]) => code)).toEqual([0, 0, 0])
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(6)
  for (let index = 0; index < lines.length; index += 2) {
    expect(lines[index + 1]).toBe(lines[index]?.replace(' in', ' out'))
  }
})

it('who waits says so once, and stops waiting when aborted', async () => {
  const holder = start('sleeper')
  await once(holder.stdout ?? holder, 'data')
  await expect.poll(() => readLog()).toContain('sleeper in')
  const steps: Progress[] = []
  const waiting = withLock('item', context(AbortSignal.timeout(700), steps), async () => 'never')
  await expect(waiting).rejects.toThrow(/abort|timeout/i)
  expect(steps.map(step => step.status)).toEqual(['waiting for a setup that is under way'])
})

it('different items do not wait for one another', async () => {
  await withLock('one', context(), async locked => {
    await withLock('two', locked, async () => undefined)
  })
})

it('is free again after work that failed', async () => {
  const failing = withLock('item', context(), async () => {
    throw new Error('work failed')
  })
  await expect(failing).rejects.toThrow('work failed')
  expect(await withLock('item', context(AbortSignal.timeout(200)), async () => 'free')).toBe('free')
})

function readLog(): string {
  try {
    return readFileSync(log, 'utf8')
  } catch {
    return ''
  }
}
