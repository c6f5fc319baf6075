import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { within } from '../abort.ts'
import type { Log } from '../log.ts'
import { cpuFeaturesIn } from './cpuFeatures.ts'
import { childEnvironment } from './environment.ts'
import { signalGroup, spawnGuarded } from './guard.ts'

export type Program = { path: string; args: string[]; env?: Record<string, string>; cwd?: string }

export type Child = ReturnType<typeof startChild>

const KEPT_LINES = 12
const LONGEST_LINE = 2000

/**
 * Starts one program as the leader of a process group of its own: a Ctrl-C in the terminal reaches only us, and its
 * own children (Ollama's runners) end with it. Its output goes into the log as fields, at level debug: it may hold
 * what was said.
 */
export function startChild(name: string, program: Program, log: Log) {
  const child = spawnGuarded(program.path, program.args, {
    env: childEnvironment(program.env),
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
  })
  const pid = child.pid ?? null
  const lines: string[] = []
  let cpuFeatures: string[] | null = null
  let running = pid !== null

  const follow = (stream: Readable | null, kind: 'stdout' | 'stderr') => {
    if (stream === null) return
    createInterface({ input: stream }).on('line', whole => {
      const line = whole.slice(0, LONGEST_LINE)
      if (line.trim() === '') return
      cpuFeatures ??= cpuFeaturesIn(line)
      log.debug({ engine: name, enginePid: pid, stream: kind, line }, 'engine output')
      if (kind === 'stderr' && lines.push(line) > KEPT_LINES) lines.shift()
    })
  }
  follow(child.stdout, 'stdout')
  follow(child.stderr, 'stderr')

  const exited = new Promise<string>(resolve => {
    child.once('error', error => {
      if (pid === null) resolve(`${program.path} could not be started (${error.message}).`)
    })
    child.once('exit', (code, signal) => {
      running = false
      resolve(
        signal === null ? `It ended by itself with exit code ${code}.` : `It was ended by signal ${signal}.`,
      )
    })
  })

  return {
    pid,
    /** Settles once, with one sentence about how it ended. Never rejects. */
    exited,
    /** True until it ended. */
    running: (): boolean => running,
    /** The last lines of its standard error, oldest first. */
    lastLines: (): string[] => [...lines],
    /** What it said of the SIMD features it uses; null before it did. */
    cpuFeatures: (): string[] | null => cpuFeatures,
    /** SIGKILL, now. */
    kill: (): void => signalGroup(child.pid, 'SIGKILL'),
    /** SIGTERM to its whole group, SIGKILL after `graceMs`; resolves when it is gone. */
    async stop(graceMs: number): Promise<void> {
      if (!running) return
      signalGroup(child.pid, 'SIGTERM')
      await within(exited, graceMs, () => signalGroup(child.pid, 'SIGKILL'))
      await exited
    },
  }
}
