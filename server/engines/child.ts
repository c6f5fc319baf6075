import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { within } from '../abort.ts'
import type { Log } from '../log.ts'
import { causeNamedIn, type Ending, endingOf } from '../processEnding.ts'
import { cpuFeaturesIn, gpuIn } from './cpuFeatures.ts'
import { childEnvironment } from './environment.ts'
import { signalGroup, spawnGuarded } from './guard.ts'

/** What a process said last may come behind its end; something else may hold its output open. */
const LAST_WORDS_WITHIN_MS = 100

export type Program = { path: string; args: string[]; env?: Record<string, string>; cwd?: string }

export type Child = ReturnType<typeof startChild>

const KEPT_LINES = 12
const LONGEST_LINE = 2000
/** The line before the traces of a Go program that a fault ended, as Ollama's runners are. */
const FAULT_OF_GO = /^SIG[A-Z]+: /

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
  let gpu: string | null = null
  let fault: string | null = null
  let killedFor: Ending | null = null
  let running = pid !== null

  const follow = (stream: Readable | null, kind: 'stdout' | 'stderr') => {
    if (stream === null) return
    createInterface({ input: stream }).on('line', whole => {
      const line = whole.slice(0, LONGEST_LINE)
      if (line.trim() === '') return
      cpuFeatures ??= cpuFeaturesIn(line)
      gpu ??= gpuIn(line)
      if (FAULT_OF_GO.test(line)) fault = line
      log.debug({ engine: name, enginePid: pid, stream: kind, line }, 'engine output')
      if (kind === 'stderr' && lines.push(line) > KEPT_LINES) lines.shift()
    })
  }
  follow(child.stdout, 'stdout')
  follow(child.stderr, 'stderr')

  const exited = new Promise<Ending>(resolve => {
    child.once('error', error => {
      if (pid === null) resolve({ how: `${program.path} could not be started (${error.message}).` })
    })
    const said = new Promise(heard => child.once('close', heard))
    child.once('exit', async (code, signal) => {
      running = false
      if (code !== null) await within(said, LAST_WORDS_WITHIN_MS, () => {})
      const words = code === null || fault === null ? {} : faultOf(fault)
      resolve(killedFor ?? { ...endingOf(code, signal), ...words })
    })
  })

  return {
    pid,
    /** Settles once, with how it ended. Never rejects. */
    exited,
    /** True until it ended. */
    running: (): boolean => running,
    /** The last lines of its standard error, oldest first. */
    lastLines: (): string[] => [...lines],
    /** What it said of the SIMD features it uses; null before it did. */
    cpuFeatures: (): string[] | null => cpuFeatures,
    /** The GPU that it said it runs on, `none` without one; null before it said anything of it. */
    gpu: (): string | null => gpu,
    /** How a child of its own ended, by the fault that it said it dies of; null where none did. Asking forgets it. */
    takeFault(): Ending | null {
      const taken = fault
      fault = null
      return taken === null ? null : faultOf(taken)
    },
    /** SIGKILL, now; `why` is then how it ended. */
    kill(why: Ending): void {
      killedFor = why
      signalGroup(child.pid, 'SIGKILL')
    },
    /** SIGTERM to its whole group, SIGKILL after `graceMs`; resolves when it is gone. */
    async stop(graceMs: number): Promise<void> {
      if (!running) return
      signalGroup(child.pid, 'SIGTERM')
      await within(exited, graceMs, () => signalGroup(child.pid, 'SIGKILL'))
      await exited
    },
  }
}

/** The end of a Go program by a fault, which has an exit code of its own. */
const faultOf = (fault: string): Ending => ({ how: `It said: ${fault}.`, ...causeNamedIn(fault) })
