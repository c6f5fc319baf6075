import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, open, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { QuantvoxError } from '../errors.ts'
import { cpuKey } from './cpu.ts'
import { codeOf, withDiskErrors } from './failures.ts'

/** Where things lie below the cache directory. */
export function cachePaths(cacheDir: string) {
  return {
    /** What was built here runs on CPUs with these features only, hence the key. */
    engine: (name: string, version: string) => join(cacheDir, 'engines', `${name}-${version}-${cpuKey()}`),
    engines: join(cacheDir, 'engines'),
    speech: join(cacheDir, 'models', 'speech'),
    endOfTurn: join(cacheDir, 'models', 'end-of-turn'),
    /** What was measured of language models on CPUs like this one. */
    languageChoice: join(cacheDir, 'models', 'language', `${cpuKey()}.json`),
    wakeWords: join(cacheDir, 'models', 'wake-words'),
    voices: join(cacheDir, 'models', 'voices'),
    /** Packages that conversions need, one folder a set. */
    python: join(cacheDir, 'python'),
    downloads: join(cacheDir, 'downloads'),
    locks: join(cacheDir, 'locks'),
    /** `OLLAMA_MODELS` of the `ollama serve` that we run. */
    ollama: join(cacheDir, 'ollama'),
  }
}

/** Makes `directory` below the cache and checks that it can be written to. Throws `engine_unavailable` where not. */
export async function ensureDirectory(directory: string): Promise<void> {
  await withDiskErrors(directory, async () => {
    try {
      await mkdir(directory, { recursive: true })
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    await access(directory, constants.W_OK)
  })
}

/** Throws `engine_unavailable` where the disk of `directory` has not that many bytes left: before minutes are spent on filling it. */
export async function ensureSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= bytes) return
  const gigabytes = (amount: number) => `${(amount / 1e9).toFixed(1)} GB`
  throw new QuantvoxError(
    'engine_unavailable',
    `The disk of ${directory} has ${gigabytes(free)} left, and ${gigabytes(bytes)} are needed.`,
    {
      meaning: 'Nothing was fetched.',
      mend: 'Free some space, choose a smaller model, or set CACHE_DIR to a directory on another disk.',
    },
  )
}

/**
 * Runs `work` with a fresh directory below `downloads`, on the cache's own disk, and removes it afterwards. Whoever
 * calls this holds the lock on `name`: so a directory of that name that is there already was left by a killed setup.
 */
export async function withScratch<T>(
  cacheDir: string,
  name: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const { downloads } = cachePaths(cacheDir)
  await ensureDirectory(downloads)
  return withDiskErrors(downloads, async () => {
    await sweep(downloads, name)
    const directory = await mkdtemp(join(downloads, `${name}-`))
    try {
      return await work(directory)
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    }
  })
}

async function sweep(downloads: string, name: string): Promise<void> {
  for (const entry of await readdir(downloads)) {
    // mkdtemp appends six characters.
    if (entry.startsWith(`${name}-`) && entry.length === name.length + 7) {
      await rm(join(downloads, entry), { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

/** Writes a small file so that a reader sees the old or the new one, never half of it. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${Date.now()}.tmp`
  await writeFile(temporary, text)
  await rename(temporary, path)
}

/** sha256 of a file, or another algorithm's; stops on abort. Reads into one buffer: a stream's would pile up until they are collected. */
export async function hashFile(path: string, signal: AbortSignal, algorithm = 'sha256'): Promise<Buffer> {
  const hash = createHash(algorithm)
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(2 ** 20)
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return hash.digest()
      hash.update(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
