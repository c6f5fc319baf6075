import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type ProcessInfo = { pid: number; parentPid: number; command: string[] }

async function readLinux(pid: number): Promise<ProcessInfo | null> {
  const [stat, command] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
  ])
  if (stat === null) return null
  const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return { pid, parentPid, command: command.split('\0').filter(part => part !== '') }
}

async function listLinux(): Promise<ProcessInfo[]> {
  const names = await readdir('/proc')
  const all = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(name => readLinux(Number(name))))
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

/** One process; null when it is gone. */
export async function findProcess(pid: number): Promise<ProcessInfo | null> {
  if (process.platform === 'linux') return readLinux(pid)
  return (await listByPs()).find(info => info.pid === pid) ?? null
}

/** Every process that can be seen. Reads two files for each, some 10 ms on a small machine. */
export function listProcesses(): Promise<ProcessInfo[]> {
  return process.platform === 'linux' ? listLinux() : listByPs()
}

/** The children of `pid`, their children and so on. */
export function descendantsOf(pid: number, all: readonly ProcessInfo[]): ProcessInfo[] {
  const children = all.filter(info => info.parentPid === pid && info.pid !== pid)
  return children.flatMap(child => [child, ...descendantsOf(child.pid, all)])
}
