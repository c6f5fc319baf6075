import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `USER_HZ`, the unit of times in /proc: 100 on every architecture that Node runs on (proc_pid_stat(5), time(7)). */
const TICKS_PER_SECOND = 100

/** User and system time in seconds of a line of `/proc/<pid>/stat`: fields 14 and 15 (proc_pid_stat(5)). */
export function cpuSecondsOf(stat: string): number | null {
  // The second field is the program's name in brackets and may itself contain blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null
}

/** `[[dd-]hh:]mm:ss[.ss]`, as `ps` prints times, in seconds. */
export function secondsOfPsTime(text: string): number | null {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim())
  if (match === null) return null
  const [days, hours, minutes, seconds] = match.slice(1).map(part => Number(part ?? 0))
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
}

async function ofProcess(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
    return stat === null ? null : cpuSecondsOf(stat)
  }
  const answer = await run('ps', ['-o', 'time=', '-p', String(pid)]).catch(() => null)
  return answer === null ? null : secondsOfPsTime(answer.stdout)
}

/**
 * CPU time that these processes have taken so far, all threads, in seconds, resolution 10 ms. Null where there is none of them or
 * where one is gone: a difference of two such sums would then be wrong.
 */
export async function cpuSeconds(pids: readonly number[]): Promise<number | null> {
  if (pids.length === 0) return null
  const times = await Promise.all(pids.map(ofProcess))
  return times.reduce<number | null>((sum, time) => (sum === null || time === null ? null : sum + time), 0)
}
