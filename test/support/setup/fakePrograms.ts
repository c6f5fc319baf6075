import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Puts shell scripts on PATH in place of the machine's programs, so that a test decides what npm, pip, go, ollama and
 * the compilers are, also that they are missing. Gives a function that puts PATH back.
 */
export async function onlyPrograms(directory: string, scripts: Record<string, string>): Promise<() => void> {
  await mkdir(directory, { recursive: true })
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(directory, name)
    await writeFile(path, `#!/bin/sh\n${script}\n`)
    await chmod(path, 0o755)
  }
  const before = process.env.PATH
  // Where sh, cp and the like are; the tests name what must not be found there.
  process.env.PATH = directory
  return () => {
    process.env.PATH = before
  }
}

/** A line of shell that copies `file` to the directory after the argument `flag`. */
export function copyTo(flag: string, file: string): string {
  return `while [ $# -gt 0 ]; do if [ "$1" = "${flag}" ]; then /bin/cp '${file}' "$2/"; fi; shift; done`
}
