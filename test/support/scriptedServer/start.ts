import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type ScriptedServer = {
  url: string
  pid: number
  dataDir: string
  cacheDir: string
  child: ChildProcess
  /** What it wrote to standard error: its log. */
  log(): string
  /** Settles with the exit code, or with null where a signal ended it. */
  exited: Promise<number | null>
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number | null>
}

/**
 * A real server process on scripted engines; data and cache lie below `folder` and outlive it.
 *
 * @param under a command that runs it, `taskset -c 0`
 * @param fileSizeLimit bytes that no file may outgrow (at most; shells count in blocks of 512 or 1024), for a disk that is full
 */
export async function startScriptedServer(
  folder: string,
  settings: Record<string, string> = {},
  fileSizeLimit?: number,
  under = '',
): Promise<ScriptedServer> {
  const [dataDir, cacheDir] = [join(folder, 'data'), join(folder, 'cache')]
  await mkdir(cacheDir, { recursive: true })
  const limit = fileSizeLimit === undefined ? '' : `ulimit -f ${Math.floor(fileSizeLimit / 1024)}; `
  const script = join(import.meta.dirname, 'process.ts')
  const child = spawn('sh', ['-c', `${limit}exec ${under} "$0" "$@"`, process.execPath, script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: {
      ...process.env,
      ...{ SCRIPTED_NODE: process.execPath, NODE_COMPILE_CACHE: join(folder, '..', 'compile-cache') },
      // Nothing of this machine answers here, so that the server runs its own.
      ...{
        PORT: '0',
        DATA_DIR: dataDir,
        CACHE_DIR: cacheDir,
        VOICE: 'none',
        LOG_LEVEL: 'info',
        ENDPOINTING: 'silence',
        ...settings,
      },
    },
  })
  let log = ''
  const exited = new Promise<number | null>(settle => child.once('close', code => settle(code)))
  child.stderr.on('data', data => {
    log += data
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready after .*: (http\S+)$/.exec(line)?.[1]
    if (url === undefined) continue
    const stop = () => {
      child.kill('SIGTERM')
      return exited
    }
    return { url, pid: child.pid ?? 0, dataDir, cacheDir, child, log: () => log, exited, stop }
  }
  throw new Error(`the server ended before it was ready: ${log}`)
}
