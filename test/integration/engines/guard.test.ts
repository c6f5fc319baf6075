import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { processIdentity } from '../../../server/engines/processIdentity.ts'

const owner = fileURLToPath(new URL('../../support/engines/engineOwner.ts', import.meta.url))
const processes: ChildProcess[] = []

/** A server of its own with one engine; resolves with the engine's pid. */
async function serverWithEngine(
  kind: 'guarded' | 'instant' | 'stopping' | 'flite',
): Promise<{ server: ChildProcess; enginePid: number }> {
  const server = spawn(process.execPath, [owner, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  processes.push(server)
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

afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
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

  it('end by themselves, even one that was just being stopped and does not listen', async () => {
    const { server, enginePid } = await serverWithEngine('stopping')
    expect(await isGone(enginePid)).toBe(false)
    await killHard(server)
    await untilGone(enginePid)
  })
})
