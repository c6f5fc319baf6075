import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A line such as `VmRSS:    1234 kB` of a /proc file, in bytes. */
function kilobyteField(text: string, field: string): number | null {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)
  return match?.[1] === undefined ? null : Number(match[1]) * 1024
}

/** Resident set size of a process in bytes; null when it is gone or the system does not say. Linux and macOS. */
export async function residentBytes(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    return kilobyteField(status, 'VmRSS')
  }
  const answer = await run('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => null)
  const kilobytes = Number.parseInt(answer?.stdout ?? '', 10)
  return Number.isNaN(kilobytes) ? null : kilobytes * 1024
}

/** Proportional set size in bytes (shared pages divided by their users); null where the system does not say. Linux. */
export async function proportionalBytes(pid: number): Promise<number | null> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return kilobyteField(rollup, 'Pss')
}

export type ProcessInfo = { pid: number; parentPid: number; command: string[] }

async function listLinux(): Promise<ProcessInfo[]> {
  const names = await readdir('/proc')
  const all = await Promise.all(
    names
      .filter(name => /^\d+$/.test(name))
      .map(async name => {
        const [stat, command] = await Promise.all([
          readFile(`/proc/${name}/stat`, 'utf8').catch(() => null),
          readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
        ])
        if (stat === null) return null
        const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        return { pid: Number(name), parentPid, command: command.split('\0').filter(part => part !== '') }
      }),
  )
  return all.filter(info => info !== null)
}

async function listByPs(): Promise<ProcessInfo[]> {
  const answer = await run('ps', ['-axo', 'pid=,ppid=,command=']).catch(() => null)
  return (answer?.stdout ?? '').split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    if (match === null) return []
    return [{ pid: Number(match[1]), parentPid: Number(match[2]), command: (match[3] ?? '').split(' ') }]
  })
}

/** Every process that can be seen. */
export function listProcesses(): Promise<ProcessInfo[]> {
  return process.platform === 'linux' ? listLinux() : listByPs()
}

/** The children of `pid`, their children and so on. */
export function descendantsOf(pid: number, all: readonly ProcessInfo[]): ProcessInfo[] {
  const children = all.filter(info => info.parentPid === pid && info.pid !== pid)
  return children.flatMap(child => [child, ...descendantsOf(child.pid, all)])
}

/** True for `ollama runner ... --model BLOB ...`; BLOB's file name is `sha256-<digest of the weights>`. */
function isRunner(info: ProcessInfo, weightsDigest: string | undefined): boolean {
  if (info.command[1] !== 'runner') return false
  if (weightsDigest === undefined) return true
  const hex = weightsDigest.replace(/^sha256[:-]/, '')
  return info.command.some(part => part.endsWith(`sha256-${hex}`))
}

/**
 * What Ollama's runners hold, in bytes: the proportional set size, since the weights are a mapped file that
 * two runners of one model share; the resident set size where the system has no such figure.
 * @param serverPid `ollama serve`; null to look at every runner that can be seen (an Ollama that is not ours)
 * @param weightsDigest digest of the model's weights blob (the `FROM` line of `/api/show`'s modelfile, not the tag's
 *   digest); without it all runners together
 * @returns null when no such runner can be seen
 */
export async function runnerMemory(
  serverPid: number | null,
  weightsDigest?: string | undefined,
): Promise<number | null> {
  const all = await listProcesses()
  const seen = serverPid === null ? all : descendantsOf(serverPid, all)
  const runners = seen.filter(info => isRunner(info, weightsDigest))
  const sizes = await Promise.all(
    runners.map(async runner => (await proportionalBytes(runner.pid)) ?? (await residentBytes(runner.pid))),
  )
  const known = sizes.filter(size => size !== null)
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0)
}
