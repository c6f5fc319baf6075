import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The start time of a process in clock ticks since boot: field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)). */
export function startTicks(stat: string): string | null {
  // The second field is the program's name in brackets and may itself contain blanks and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

let machine: Promise<string> | undefined

/** Boot and pid namespace: a pid with a start time means nothing after a reboot or in another container. */
function machineIdentity(): Promise<string> {
  machine ??= Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]).then(parts => parts.map(part => part.trim()).join('/'))
  return machine
}

/**
 * A string that no other process has had or will have, or null when there is no such process (or it can't be told).
 * A pid alone is reused by the system; only this may decide whether a process may be killed.
 */
export async function processIdentity(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
    const ticks = stat === null ? null : startTicks(stat)
    if (stat === null || ticks === null || /\) Z /.test(stat.slice(stat.lastIndexOf(')')))) return null
    return `${await machineIdentity()}/${ticks}`
  }
  const started = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null)
  const text = started?.stdout.trim()
  return text === undefined || text === '' ? null : text
}
