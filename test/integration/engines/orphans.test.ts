import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cleanOrphans, noteRunning } from '../../../server/engines/orphans.ts'
import { processIdentity } from '../../../server/engines/processIdentity.ts'
import { quietLog } from '../../support/quietLog.ts'

const owner = fileURLToPath(new URL('../../support/engines/engineOwner.ts', import.meta.url))
const sleeper = ['-e', 'setTimeout(() => {}, 60000)']
const processes: ChildProcess[] = []
let runDir = ''

function launch(args: string[], detached = false): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached })
  processes.push(child)
  return child
}

/** A server of its own with one engine; resolves with the engine's pid. */
async function serverWithEngine(
  kind: 'guarded' | 'instant' | 'unguarded' | 'flite',
): Promise<{ server: ChildProcess; enginePid: number }> {
  const server = launch([owner, runDir, kind])
  const line = await new Promise<string>((resolve, reject) => {
    server.stdout?.once('data', data => resolve(String(data)))
    server.once('exit', code => reject(new Error(`the owner ended with ${code}`)))
  })
  return { server, enginePid: Number(line) }
}

const isGone = async (pid: number) => (await processIdentity(pid)) === null

async function untilGone(pid: number): Promise<void> {
  while (!(await isGone(pid))) await new Promise(resolve => setTimeout(resolve, 20))
}

function killHard(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

beforeEach(async () => {
  runDir = await mkdtemp(join(tmpdir(), 'quantvox-run-'))
})

afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
  await rm(runDir, { recursive: true, force: true })
})

describe('engines of a server that was killed', () => {
  it('end by themselves, since a guard sees the server go', async () => {
    const { server, enginePid } = await serverWithEngine('guarded')
    expect(await isGone(enginePid)).toBe(false)
    await killHard(server)
    await untilGone(enginePid)
  })

  it('end by themselves, even if it was killed in the moment that started them', async () => {
    const { enginePid } = await serverWithEngine('instant')
    await untilGone(enginePid)
  })

  it('end by themselves, flite too, since its channel closes', async () => {
    const { server, enginePid } = await serverWithEngine('flite')
    expect(await isGone(enginePid)).toBe(false)
    await killHard(server)
    await untilGone(enginePid)
  })

  it('are ended by the next start where there was no guard', async () => {
    const { server, enginePid } = await serverWithEngine('unguarded')
    await killHard(server)
    expect(await isGone(enginePid)).toBe(false)
    const log = quietLog()
    expect(await cleanOrphans(runDir, log)).toEqual(['fake'])
    await untilGone(enginePid)
    expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })])
    expect(await readdir(runDir)).toEqual([])
  })

  it('are left alone while their server lives', async () => {
    const { enginePid } = await serverWithEngine('unguarded')
    expect(await cleanOrphans(runDir, quietLog())).toEqual([])
    expect(await isGone(enginePid)).toBe(false)
    expect(await readdir(runDir)).toHaveLength(1)
    process.kill(-enginePid, 'SIGKILL')
  })
})

describe("the clean-up after a killed server never ends somebody else's process", () => {
  it('when the pid was used again: the start time differs', async () => {
    const stranger = launch(sleeper, true)
    const pid = stranger.pid ?? 0
    const note = { name: 'whisper-server', pid, identity: 'boot/ns/1', ownerPid: 999_999, ownerIdentity: 'x' }
    await writeFile(join(runDir, `${pid}.json`), JSON.stringify(note))
    expect(await cleanOrphans(runDir, quietLog())).toEqual([])
    expect(await isGone(pid)).toBe(false)
    expect(await readdir(runDir)).toEqual([])
  })

  it('when the note is garbage, or names every process', async () => {
    await writeFile(join(runDir, '1.json'), 'not json')
    await writeFile(join(runDir, '2.json'), JSON.stringify({ name: 'x', pid: -1, identity: 'y' }))
    expect(await cleanOrphans(runDir, quietLog())).toEqual([])
    expect(await readdir(runDir)).toEqual([])
  })

  it('when there is no run folder yet', async () => {
    expect(await cleanOrphans(join(runDir, 'not-there'), quietLog())).toEqual([])
  })

  it('and notes what runs with pid and start time', async () => {
    const child = launch(sleeper, true)
    await noteRunning(runDir, 'fake', child.pid ?? 0, quietLog())
    expect(await readdir(runDir)).toEqual([`${child.pid}.json`])
    expect(await processIdentity(child.pid ?? 0)).toMatch(/\d+$/)
  })
})
