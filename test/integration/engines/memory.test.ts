import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { proportionalBytes, residentBytes } from '../../../server/engines/memory.ts'
import { createRunnerMemory } from '../../../server/engines/ollama/runnerMemory.ts'
import { descendantsOf, listProcesses } from '../../../server/engines/processes.ts'
import { processIdentity, startTicks } from '../../../server/engines/processIdentity.ts'

describe('the memory of a process', () => {
  it('is what Node itself reports for this one, within a tenth or so', async () => {
    const own = await residentBytes(process.pid)
    const reported = process.memoryUsage.rss()
    expect(own).toBeGreaterThan(reported * 0.8)
    expect(own).toBeLessThan(reported * 1.25)
  })

  it.runIf(process.platform === 'linux')('is smaller where pages are shared', async () => {
    const proportional = (await proportionalBytes(process.pid)) ?? 0
    expect(proportional).toBeGreaterThan(0)
    expect(proportional).toBeLessThanOrEqual(((await residentBytes(process.pid)) ?? 0) * 1.1)
  })

  it('is null for a process that is not there', async () => {
    expect(await residentBytes(2 ** 30)).toBeNull()
    expect(await proportionalBytes(2 ** 30)).toBeNull()
  })
})

describe("Ollama's runners", () => {
  const digest = `sha256:${'ab'.repeat(32)}`

  it('are found below the server, all or by their weights', async () => {
    const runner = spawn(process.execPath, ['runner', '--model', `/blobs/sha256-${'ab'.repeat(32)}`], {
      stdio: 'ignore',
      cwd: fileURLToPath(new URL('../../support/engines/fakeOllama', import.meta.url)),
    })
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' })
    try {
      const runnerMemory = createRunnerMemory()
      const all = await runnerMemory(process.pid)
      expect(all).toBeGreaterThan(0)
      for (let again = 0; again < 2; again++) {
        expect(await runnerMemory(process.pid, digest)).toBeGreaterThan(0)
      }
      expect(await runnerMemory(null, digest)).toBeGreaterThan(0)
      expect(await runnerMemory(process.pid, `sha256:${'cd'.repeat(32)}`)).toBeNull()
      expect(await runnerMemory(other.pid ?? 0)).toBeNull()
      const gone = new Promise(resolve => runner.once('exit', resolve))
      runner.kill('SIGKILL')
      await gone
      expect(await runnerMemory(process.pid, digest)).toBeNull()
    } finally {
      runner.kill('SIGKILL')
      other.kill('SIGKILL')
    }
  })

  it('are looked for among children of children too', () => {
    const info = (pid: number, parentPid: number) => ({ pid, parentPid, command: [] })
    const all = [info(1, 0), info(2, 1), info(3, 2), info(4, 1), info(5, 9)]
    expect(descendantsOf(1, all).map(({ pid }) => pid)).toEqual([2, 3, 4])
  })
})

describe('a look at all processes', () => {
  it('leaves no memory behind, since turns take one', async () => {
    await listProcesses()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let look = 0; look < 20; look++) {
      expect((await listProcesses()).map(({ pid }) => pid)).toContain(process.pid)
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    expect(most).toBeLessThan(1e6)
  })
})

describe('the identity of a process', () => {
  it('stays the same, and differs from that of another process', async () => {
    const own = await processIdentity(process.pid)
    expect(own).not.toBeNull()
    expect(await processIdentity(process.pid)).toBe(own)
    expect(await processIdentity(process.ppid)).not.toBe(own)
    expect(await processIdentity(2 ** 30)).toBeNull()
  })

  it('is read behind a name with blanks and brackets', () => {
    const fields = Array.from({ length: 40 }, (_, index) => String(index + 3))
    expect(startTicks(`12 (a) b ( c) ${fields.join(' ')}`)).toBe('22')
  })
})
