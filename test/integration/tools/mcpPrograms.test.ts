import { spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { mcpPrograms } from '../../../server/assembly/mcpPrograms.ts'
import { createMcpTools } from '../../../server/tools/mcp/mcpTools.ts'
import { quietLog } from '../../support/quietLog.ts'

const supporting = (name: string) => fileURLToPath(new URL(`../../support/mcp/${name}.ts`, import.meta.url))

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A program that writes its id to a file, and what is in there. None outlives its test. */
async function noted(args: (file: string) => string[]) {
  const file = join(await mkdtemp(join(tmpdir(), 'mcp-')), 'pids')
  const pids = async () =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number)
  onTestFinished(async () => {
    for (const pid of (await pids()).filter(isAlive)) process.kill(pid, 'SIGKILL')
  })
  const start = (count: number) => expect.poll(pids, { timeout: 20_000 }).toHaveLength(count)
  return { server: { command: process.execPath, args: args(file) }, pids, start }
}

/** Ends neither with its input nor before it has answered, but with SIGTERM. */
const deaf = (file: string) => [
  '-e',
  'require("fs").appendFileSync(process.argv[1], process.pid + "\\n"); setInterval(() => {}, 1000)',
  file,
]
const stubborn = (file: string) => [supporting('stubborn'), file, 'twice']

test.each([
  { what: 'does not hear of it', args: deaf, count: 1 },
  { what: 'heeds no signal, with what it started', args: stubborn, count: 2 },
])('a program that is being reached and $what is gone after a stop', async ({ args, count }) => {
  const { server, pids, start } = await noted(args)
  const access = { name: 'house', server, allowed: new Map() }
  const box = createMcpTools([access], mcpPrograms, '1', quietLog())
  void box.connect()
  void box.connect()
  await start(count)
  await box.stop()
  expect(await pids()).toHaveLength(count)
  // Killed ones may be seen until they are reaped.
  await expect.poll(async () => (await pids()).filter(isAlive), { timeout: 20_000 }).toEqual([])
})

test('a program that heeds nothing is gone, with what it started, after the server was killed', async () => {
  const { server, pids, start } = await noted(stubborn)
  const owner = spawn(process.execPath, [supporting('mcpOwner'), server.command, ...server.args])
  onTestFinished(() => void owner.kill('SIGKILL'))
  await start(2)
  owner.kill('SIGKILL')
  await expect.poll(async () => (await pids()).filter(isAlive), { timeout: 20_000 }).toEqual([])
})

test('a program that is on no PATH is told', async () => {
  const access = { name: 'house', server: { command: 'no-such-program-here' }, allowed: new Map() }
  const box = createMcpTools([access], mcpPrograms, '1', quietLog())
  await box.connect()
  expect(box.status()[0]?.problem).toMatch(/ENOENT/)
  await box.stop()
})
