import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { QuantvoxError } from '../../server/errors.ts'

const root = resolve(import.meta.dirname, '../..')
const source = join(root, 'client')
const built = join(source, 'dist')
/** Where the package has it, which scripts/package/build.ts makes: built, and without its sources. */
const packaged = join(root, 'page')
/** A server that runs goes on serving the build it started with. */
const KEEP_OLD_BUILDS_MS = 24 * 3600 * 1000

const bundler = fileURLToPath(new URL('./bundle.ts', import.meta.url))

const compress = promisify(gzip)
const run = promisify(execFile)

/**
 * The folder with the built page. Builds it only if its sources changed: a build's folder is named by their hash, and comes into
 * being whole, so that several may build at once. Throws `engine_failed` where the build fails.
 */
export async function ensurePage(say: (text: string) => void): Promise<string> {
  if (existsSync(packaged)) return packaged
  const folder = join(built, await sourcesHash())
  if (existsSync(folder)) return folder
  say('building the page')
  const partial = `${folder}.partial-${process.pid}`
  try {
    await build(partial)
    await compressFiles(partial)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw new QuantvoxError('engine_failed', `The page could not be built (${(error as Error).message}).`, {
      mend: 'Correct client/, or get it as it was: git checkout client',
      cause: error,
    })
  }
  try {
    await rename(partial, folder)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    // Another process was first.
    if (!existsSync(folder)) throw error
  }
  await forgetOldBuilds()
  return folder
}

async function sourcesHash(): Promise<string> {
  const folders = [source, join(root, 'server/protocol'), join(root, 'server/shared')]
  const names = await Promise.all(
    folders.map(folder => readdir(folder, { recursive: true, withFileTypes: true })),
  )
  const files = names
    .flat()
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !path.startsWith(built))
    .sort()
  const hash = createHash('sha256')
  // What is built with, and how.
  for (const path of [...files, join(root, 'package-lock.json'), import.meta.filename, bundler]) {
    const bytes = await readFile(path)
    hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex').slice(0, 16)
}

/** In a process of its own: what Vite takes of memory, some 200 MB, would stay with a server. */
async function build(outDir: string): Promise<void> {
  await run(process.execPath, [bundler, outDir]).catch((error: Error & { stderr?: string }) => {
    throw new Error(stripVTControlCharacters(error.stderr ?? '').trim() || error.message)
  })
}

/** Beside each file that shrinks, its gzip form; made once here instead of with every request. */
async function compressFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    await writeFile(
      `${path}.gz`,
      await compress(await readFile(path), { level: constants.Z_BEST_COMPRESSION }),
    )
  }
}

async function forgetOldBuilds(): Promise<void> {
  for (const name of await readdir(built)) {
    const { mtimeMs } = await stat(join(built, name))
    if (mtimeMs < Date.now() - KEEP_OLD_BUILDS_MS)
      await rm(join(built, name), { recursive: true, force: true })
  }
}
