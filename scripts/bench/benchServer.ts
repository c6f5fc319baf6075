import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { spawnGuarded } from '../../server/engines/guard.ts'

export type BenchServer = { url: string; pid: number; stop(): Promise<void> }

/**
 * A server as a user runs it, in a process of its own, on a free port, warm, with a record that is gone when it has stopped. It
 * ends with the bench, however that ends.
 */
export async function startBenchServer(settings: Record<string, string>): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'quantvox-bench-'))
  const launcher = resolve(import.meta.dirname, '../quantvox.mjs')
  const child = spawnGuarded(process.execPath, [launcher, 'serve'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', DATA_DIR: dataDir, ...settings },
  })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('the server has no output')
  stderr.pipe(process.stderr)
  const ended = new Promise<void>(settle => child.once('exit', () => settle()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(dataDir, { recursive: true, force: true })
  }
  for await (const line of createInterface({ input: stdout })) {
    const url = /ready after .*: (http\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, pid: child.pid ?? 0, stop }
    if (/not ready/.test(line)) {
      await stop()
      throw new Error(line)
    }
  }
  await stop()
  throw new Error('the server ended before it was ready')
}
