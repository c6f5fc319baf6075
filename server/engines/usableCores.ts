import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Cores that this process and its children may use, at least 1: by affinity and cpuset, and by the CPU quotas of its cgroups and of those
 * above them (Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst). A core that a quota gives only a part of is none: threads of
 * ggml wait for each other spinning, so one without its time holds up all.
 *
 * @param root of the file system that is read; a test gives another
 */
export function usableCores(root = '/'): number {
  const quotas = cgroupFolders(root).map(quotaOf)
  return Math.max(1, Math.floor(Math.min(availableParallelism(), ...quotas)))
}

/** `cores` where those are fewer than the machine has, which programs that count those do not see; null where none is withheld. */
export function withheldTo(cores: number): number | null {
  return cores < cpus().length ? cores : null
}

/** Folders with quotas that bind this process: its own cgroups and all above them, as far as they are mounted. */
function cgroupFolders(root: string): string[] {
  const groups = lines(join(root, 'proc/self/cgroup')).map(line => line.split(':'))
  const mounts = lines(join(root, 'proc/self/mountinfo')).map(line => line.split(' '))
  return mounts.flatMap(fields => {
    const [kind, , options = ''] = fields.slice(fields.indexOf('-') + 1)
    const [from = '/', at = '/'] = fields.slice(3)
    const isCpu = kind === 'cgroup2' || (kind === 'cgroup' && options.split(',').includes('cpu'))
    const group = groups.find(([, controllers = '']) =>
      kind === 'cgroup2' ? controllers === '' : controllers.split(',').includes('cpu'),
    )
    if (!isCpu || group === undefined) return []
    // In a container the group may be named from the host's root, of which only the part below `from` is mounted.
    const path = group.slice(2).join(':')
    const below = from !== '/' && path.startsWith(from) ? path.slice(from.length) : path
    const folders = [join(root, at, below)]
    for (let folder = folders[0] ?? ''; folder.length > join(root, at).length; ) {
      folder = dirname(folder)
      folders.push(folder)
    }
    return folders
  })
}

/** Cores of a cgroup's quota; infinite without one. */
function quotaOf(folder: string): number {
  const [max, of] = lines(join(folder, 'cpu.max'))[0]?.split(' ') ?? [
    lines(join(folder, 'cpu.cfs_quota_us'))[0],
    lines(join(folder, 'cpu.cfs_period_us'))[0],
  ]
  const cores = Number(max) / Number(of)
  return cores > 0 ? cores : Number.POSITIVE_INFINITY
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split('\n')
  } catch {
    // Another system, or a kernel without such quotas.
    return []
  }
}
