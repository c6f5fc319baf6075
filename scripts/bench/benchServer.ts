import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

export type BenchServer = { url: string; stop(): Promise<void> }

/** A server as a user runs it, in a process of its own, on a free port, warm. */
export async function startBenchServer(settings: Record<string, string>): Promise<BenchServer> {
  const launcher = resolve(import.meta.dirname, '../quantvox.mjs')
  const child = spawn(process.execPath, [launcher, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...settings },
  })
  const ended = new Promise<void>(settle => child.once('exit', () => settle()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready after .*: (http\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, stop }
    if (/not ready/.test(line)) {
      await stop()
      throw new Error(line)
    }
  }
  throw new Error('the server ended before it was ready')
}
