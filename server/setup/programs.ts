import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { signalGroup, spawnGuarded } from '../engines/guard.ts'
import { codeOf, SourceFailure } from './failures.ts'

type ProgramRun = {
  /** Also where it keeps its temporary files, so that they are on the disk that was chosen. */
  cwd?: string
  /** Added to this process's environment. */
  env?: Record<string, string>
  signal: AbortSignal
  /** Each line of stdout and stderr. */
  onLine?(line: string): void
}

const KEPT_LINES = 400

/**
 * Runs a program to its end and gives its output, both streams together (the last 400 lines). Throws a `SourceFailure`
 * with the telling line when it is missing or fails; on abort its whole process group is killed.
 */
export async function runProgram(command: string, args: string[], run: ProgramRun): Promise<string> {
  run.signal.throwIfAborted()
  const path = command.includes('/') ? command : ((await findOnPath(command)) ?? command)
  const temporary = run.cwd === undefined ? {} : { TMPDIR: run.cwd }
  // Whether it is aborted or we are killed, the compilers below make end with make.
  const child = spawnGuarded(path, args, {
    env: { ...process.env, ...temporary, ...run.env },
    ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
  })
  const kill = () => {
    if (child.exitCode === null) signalGroup(child.pid, 'SIGKILL')
  }
  run.signal.addEventListener('abort', kill, { once: true })
  const lines: string[] = []
  const keep = (line: string) => {
    lines.push(line)
    if (lines.length > KEPT_LINES) lines.shift()
    run.onLine?.(line)
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', keep)
  }
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    run.signal.throwIfAborted()
    if (exitCode !== 0) throw failureOf(command, args, lines, exitCode)
    return lines.join('\n')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new SourceFailure(`\`${command}\` is not installed`, error)
    if (codeOf(error) === 'EACCES') throw new SourceFailure(`\`${command}\` may not be run here`, error)
    throw error
  } finally {
    run.signal.removeEventListener('abort', kill)
  }
}

/** The full path of a program on PATH, or null. */
export async function findOnPath(program: string): Promise<string | null> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    if (directory === '') continue
    const path = join(directory, program)
    if (await isExecutable(path)) return path
  }
  return null
}

/** The full path of the first of these programs that is on PATH, or null. */
export async function firstOnPath(programs: string[]): Promise<string | null> {
  for (const program of programs) {
    const path = await findOnPath(program)
    if (path !== null) return path
  }
  return null
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function failureOf(command: string, args: string[], lines: string[], exitCode: number | null): Error {
  const failure = new SourceFailure(`\`${command} ${args[0] ?? ''}\` failed: ${tellingLine(lines, exitCode)}`)
  // Another source would not help: it comes out as the disk error that it is.
  const isDiskFull = lines.some(line => /no space left on device|ENOSPC|disk quota exceeded/i.test(line))
  return isDiskFull ? Object.assign(new Error(failure.message), { code: 'ENOSPC' }) : failure
}

const complaint = /error|not found|no such|could not|unable|fatal|undefined reference/i
/** That a compiler or linker failed, without why: it said that before. */
const onlyThatItFailed = /returned \d+ exit status|^\s*g?make(\[\d+\])?: \*\*\*/

function tellingLine(lines: string[], exitCode: number | null): string {
  const complaints = lines.filter(line => complaint.test(line))
  const line = complaints.findLast(text => !onlyThatItFailed.test(text)) ?? complaints.at(-1) ?? lines.at(-1)
  const text = line?.trim() || `exit code ${exitCode}`
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
