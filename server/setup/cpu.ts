import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'

/**
 * For the compilers of C and C++: leaves ggml's code for Intel's AMX out. Where GCC drops the stores of its tile
 * configuration, which it reads by one instruction only, the first decoding ends in a general protection fault
 * (llama.cpp issue 20824 and pull request 26954, open in 2026); and Ollama's Go packages have the calls without the code.
 */
export const WITHOUT_AMX = '-U__AMX_INT8__'

/**
 * A short name for "a CPU that can run what was built here": programs built with `-march=native` crash with an illegal
 * instruction on a CPU with fewer features. AMX is none of them, as nothing here uses it. Stable across starts; 12 hex
 * digits.
 */
export function cpuKey(): string {
  known ??= createHash('sha256').update(`${platform()} ${arch()} ${features()}`).digest('hex').slice(0, 12)
  return known
}

let known: string | undefined

function features(): string {
  const flags = cpuFlags()
  if (flags !== null)
    return flags
      .filter(flag => !flag.startsWith('amx'))
      .toSorted()
      .join(' ')
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
  const flags = /^(?:flags|Features)\s*:\s*(.+)$/m.exec(readOrEmpty('/proc/cpuinfo'))?.[1]
  return flags?.trim().split(/\s+/) ?? null
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
