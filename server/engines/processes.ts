import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type ProcessInfo = { pid: number; parentPid: number; command: string[] }

/** That many are read without a pause, in some 1 ms. */
const READ_AT_ONCE = 32

/**
 * Files of /proc are never waited for, and read at once they leave nothing behind. `readFile` takes 64 KiB for each, as they tell no size:
 * a look at all processes each turn would make gigabytes of that in an hour, which the heap is torn by.
 */
function readLinux(pid: number): ProcessInfo | null {
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === null) return null
  const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  const command = textOf(`/proc/${pid}/cmdline`) ?? ''
  return { pid, parentPid, command: command.split('\0').filter(part => part !== '') }
}

/** null where the process is gone. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

async function listLinux(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const all: ProcessInfo[] = []
  for (const [index, pid] of pids.entries()) {
    if (index > 0 && index % READ_AT_ONCE === 0) await setImmediate()
    const info = readLinux(pid)
    if (info !== null) all.push(info)
  }
  return all
}

async function listByPs(): Promise<ProcessInfo[]> {
  const answer = await run('ps', ['-axo', 'pid=,ppid=,command=']).catch(() => null)
  return (answer?.stdout ?? '').split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    if (match === null) return []
    return [{ pid: Number(match[1]), parentPid: Number(match[2]), command: (match[3] ?? '').split(' ') }]
  })
}

/** One process; null when it is gone. */
export async function findProcess(pid: number): Promise<ProcessInfo | null> {
  if (process.platform === 'linux') return readLinux(pid)
  return (await listByPs()).find(info => info.pid === pid) ?? null
}

/** Every process that can be seen. Two files for each, some 2 ms of a hundred. */
export function listProcesses(): Promise<ProcessInfo[]> {
  return process.platform === 'linux' ? listLinux() : listByPs()
}

/** The children of `pid`, their children and so on. */
export function descendantsOf(pid: number, all: readonly ProcessInfo[]): ProcessInfo[] {
  const children = all.filter(info => info.parentPid === pid && info.pid !== pid)
  return children.flatMap(child => [child, ...descendantsOf(child.pid, all)])
}
