import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
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

/** Bytes of memory; the smaller of the machine's and the container's. */
export function machineMemory(): number {
  // Without a limit some systems say 0, others an absurd number.
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
