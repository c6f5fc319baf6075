import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'

/**
 * A short name for "a CPU that can run what was built here": programs built with `-march=native` crash with an illegal
 * instruction on a CPU with fewer features. Stable across starts; 12 hex digits.
 */
export function cpuKey(): string {
  known ??= createHash('sha256').update(`${platform()} ${arch()} ${features()}`).digest('hex').slice(0, 12)
  return known
}

let known: string | undefined

function features(): string {
  const flags = cpuFlags()
  if (flags !== null) return flags.toSorted().join(' ')
  if (platform() === 'darwin') {
    const lines = sysctl().match(
      /^(?:hw\.optional\.|machdep\.cpu\.(?:features|leaf7_features|brand_string)).*$/gm,
    )
    if (lines !== null) return lines.sort().join('\n')
  }
  return cpus()[0]?.model ?? 'unknown'
}

/** The CPU's features as Linux names them (`avx2`, `asimd`); null where the system has no such list. */
export function cpuFlags(): string[] | null {
  if (platform() !== 'linux') return null
  const flags = firstMatch(readOrEmpty('/proc/cpuinfo'), /^(?:flags|Features)\s*:\s*(.+)$/m)
  return flags === null ? null : flags.trim().split(/\s+/)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // No /proc here: the model name stands in for the features.
    return ''
  }
}

function sysctl(): string {
  try {
    return execFileSync('sysctl', ['-a'], { encoding: 'utf8', timeout: 5000, maxBuffer: 8 * 1024 * 1024 })
  } catch {
    return ''
  }
}

function firstMatch(text: string, pattern: RegExp): string | null {
  return pattern.exec(text)?.[1] ?? null
}
