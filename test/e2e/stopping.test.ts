import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { descendantsOf, listProcesses } from '../../server/engines/processes.ts'
import { startLiveServer } from '../support/liveServer.ts'
import { randomFrom } from '../support/record/records.ts'
import { talk } from '../support/scriptedServer/talkers.ts'
import { identitiesBelow, leftOver, lostRows, question } from '../support/scriptedServer/trials.ts'

/** The scripted trials of test/integration/stopping on real engines: fewer, on one record. */

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quantvox-stopping-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

/** The process that the launcher runs. */
async function serverBelow(launcherPid: number): Promise<number> {
  const found = descendantsOf(launcherPid, await listProcesses()).find(
    info => info.parentPid === launcherPid && info.command.includes('serve'),
  )
  if (found === undefined) throw new Error('the launcher runs no server')
  return found.pid
}

test.each([
  ['SIGTERM to the launcher', 'SIGTERM', 'launcher'],
  ['SIGTERM to the server', 'SIGTERM', 'server'],
  ['SIGKILL to the server', 'SIGKILL', 'server'],
  ['SIGKILL to the launcher', 'SIGKILL', 'launcher'],
] as const)(
  '%s in the middle of turns loses no row of an ended one and leaves no process',
  async (name, signal, whom) => {
    const server = await startLiveServer({ DATA_DIR: dataDir, STOP_SECONDS: '20' })
    const serverPid = await serverBelow(server.pid)
    const { begun, ended, closed } = await talk(server.url, await question(), randomFrom(name.length))
    await expect.poll(() => ended.size, { timeout: 30_000 }).toBeGreaterThan(2)
    await sleep(300)
    const processes = await identitiesBelow(server.pid)
    const engines = processes.map(({ command }) => command).join('\n')
    for (const engine of ['moonshineServer', 'ollama']) expect(engines).toContain(engine)
    process.kill(whom === 'launcher' ? server.pid : serverPid, signal)
    const codes = await closed
    expect(await leftOver(processes)).toEqual([])
    expect(await lostRows({ dataDir }, ended)).toEqual([])
    // A server that is told to stop, also by the end of its launcher, lets all turns end.
    if (signal === 'SIGTERM' || whom === 'launcher') {
      expect(codes).toEqual([1001, 1001])
      expect(await lostRows({ dataDir }, begun)).toEqual([])
    }
    await server.stop()
  },
)
