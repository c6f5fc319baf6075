import { proportionalBytes, residentBytes } from '../memory.ts'
import { descendantsOf, findProcess, listProcesses, type ProcessInfo } from '../processes.ts'

/**
 * What Ollama's runners hold, in bytes: the proportional set size, since the weights are a mapped file that
 * two runners of one model share; the resident set size where the system has no such figure.
 * @param serverPid `ollama serve`; null to look at every runner that can be seen (an Ollama that is not ours)
 * @param weightsDigest digest of the model's weights blob (the `FROM` line of `/api/show`'s modelfile, not the tag's
 *   digest); without it all runners together
 * @returns null when no such runner can be seen
 */
type RunnerMemory = (serverPid: number | null, weightsDigest?: string) => Promise<number | null>

/** Process ids of the runners below `serverPid`, or of all that can be seen. */
export async function runnerPids(serverPid: number | null): Promise<number[]> {
  const all = await listProcesses()
  const seen = serverPid === null ? all : descendantsOf(serverPid, all)
  return seen.filter(info => isRunner(info, undefined)).map(({ pid }) => pid)
}

/** True for `ollama runner ... --model BLOB ...`; BLOB's file name is `sha256-<digest of the weights>`. */
function isRunner(info: ProcessInfo, weightsDigest: string | undefined): boolean {
  if (info.command[1] !== 'runner') return false
  if (weightsDigest === undefined) return true
  const hex = weightsDigest.replace(/^sha256[:-]/, '')
  return info.command.some(part => part.endsWith(`sha256-${hex}`))
}

/** Asked after every turn: remembers which runner has a model, since to look at every process takes far longer. */
export function createRunnerMemory(): RunnerMemory {
  const known = new Map<string, ProcessInfo>()

  async function runnersOf(serverPid: number | null, digest: string | undefined): Promise<ProcessInfo[]> {
    const key = `${serverPid} ${digest}`
    const remembered = digest === undefined ? undefined : known.get(key)
    if (remembered !== undefined) {
      const now = await findProcess(remembered.pid)
      if (now !== null && now.parentPid === remembered.parentPid && isRunner(now, digest)) return [now]
      known.delete(key)
    }
    const all = await listProcesses()
    const seen = serverPid === null ? all : descendantsOf(serverPid, all)
    const runners = seen.filter(info => isRunner(info, digest))
    const [only, ...others] = runners
    if (digest !== undefined && only !== undefined && others.length === 0) known.set(key, only)
    return runners
  }

  return async (serverPid, weightsDigest) => {
    const runners = await runnersOf(serverPid, weightsDigest)
    const sizes = await Promise.all(
      runners.map(async ({ pid }) => (await proportionalBytes(pid)) ?? (await residentBytes(pid))),
    )
    const measured = sizes.filter(size => size !== null)
    return measured.length === 0 ? null : measured.reduce((sum, size) => sum + size, 0)
  }
}
