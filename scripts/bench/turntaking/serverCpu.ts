import { cpuSeconds } from '../../../server/engines/cpuTime.ts'
import { descendantsOf, listProcesses } from '../../../server/engines/processes.ts'

/** Processor time of a process and all below it while `work` goes on, seconds; null where it cannot be read or one of them ended meanwhile. */
export async function withCpu<T>(pid: number, work: () => Promise<T>): Promise<[T, number | null]> {
  const below = descendantsOf(pid, await listProcesses())
  const pids = [pid, ...below.map(info => info.pid)]
  const before = await cpuSeconds(pids)
  const result = await work()
  const after = await cpuSeconds(pids)
  return [result, before === null || after === null ? null : after - before]
}
