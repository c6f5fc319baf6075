import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { outsideAddresses } from '../../server/doors/outsideAddresses.ts'
import { machineMemory } from '../../server/engines/memory.ts'
import { usableCores } from '../../server/engines/usableCores.ts'
import { cpuFlags, findOnPath } from '../../server/setup/index.ts'
import { gpuToolsHere } from '../../server/setup/whisper/gpu.ts'

/** What the machine is, gathered in one place so that a test can plant another one. */
export type Facts = Awaited<ReturnType<typeof machineFacts>>

export async function machineFacts() {
  return {
    nodeVersion: process.versions.node,
    memoryBytes: machineMemory(),
    availableMemoryBytes: process.availableMemory(),
    /** Bytes free on the disk of a folder that need not be there yet. */
    async freeBytes(folder: string): Promise<number> {
      const { bavail, bsize } = await statfs(nearestExisting(folder))
      return bavail * bsize
    },
    /** This machine's addresses that others can reach, as they stand in a URL. */
    outsideAddresses: outsideAddresses().map(({ family, address }) =>
      family === 'IPv6' ? `[${address}]` : address,
    ),
    /** Null where the system does not list them. */
    cpuFlags: cpuFlags(),
    cores: { machine: cpus().length, usable: usableCores() },
    gpu: await gpuToolsHere(),
    ffmpeg: await findOnPath('ffmpeg'),
  }
}

/** The folder, or the nearest one above it that is there. */
export function nearestExisting(folder: string): string {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  return existing
}
