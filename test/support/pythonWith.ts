import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'

const run = promisify(execFile)
const pipOptions = [
  ...['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile'],
  ...['--retries=1', '--timeout=30'],
]
/** Some have thousands of files. */
const INSTALLED_WITHIN_MS = 300_000

/** A Python of its own for the tests of a file, with these packages; null where there is no Python, or they cannot be had. */
export function pythonWith(...packages: string[]): () => string | null {
  let folder: string
  let python: string | null = null
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quantvox-python-'))
    const own = join(folder, 'bin/python')
    try {
      await run('python3', ['-m', 'venv', folder])
      await run(own, ['-m', 'pip', 'install', ...pipOptions, ...packages])
      python = own
    } catch (error) {
      console.warn(`no Python with ${packages.join(', ')}`, error)
    }
  }, INSTALLED_WITHIN_MS)
  afterAll(() => rm(folder, { recursive: true, force: true }), INSTALLED_WITHIN_MS)
  return () => python
}
