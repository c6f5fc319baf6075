import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { extract } from 'tar'
import { openPromise } from 'yauzl'
import { codeOf, SourceFailure } from './failures.ts'

type ArchiveFormat = 'tar.gz' | 'tar.zst'

/** Unpacks a tar archive into `directory`. `keep` decides by a member's path; links that lead outside are left out by tar. */
export async function unpackTar(
  archivePath: string,
  format: ArchiveFormat,
  directory: string,
  signal: AbortSignal,
  keep: (path: string) => boolean = () => true,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  const decompress = format === 'tar.gz' ? createGunzip() : createZstdDecompress()
  try {
    await pipeline(createReadStream(archivePath), decompress, extract({ cwd: directory, filter: keep }), {
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    if (isDamage(error)) throw new SourceFailure('the archive is damaged', error)
    throw error
  }
}

/** Unpacks the named members of a zip (a wheel is one) into `directory`, each under its last path part, in the order named. */
export async function unpackZipMembers(
  zipPath: string,
  members: string[],
  directory: string,
  signal: AbortSignal,
): Promise<string[]> {
  const zip = await openPromise(zipPath)
  const written = new Map<string, string>()
  try {
    for await (const entry of zip.eachEntry()) {
      if (!members.includes(entry.fileName)) continue
      const path = join(directory, basename(entry.fileName))
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path), { signal })
      written.set(entry.fileName, path)
    }
  } finally {
    zip.close()
  }
  return members.map(member => {
    const path = written.get(member)
    if (path === undefined) throw new SourceFailure(`the package has no file ${member}`)
    return path
  })
}

/** Adds a member of a zip to the end of a file, which is made where it is missing. */
export async function appendZipMember(
  zipPath: string,
  member: string,
  destination: string,
  signal: AbortSignal,
): Promise<void> {
  const zip = await openPromise(zipPath)
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== member) continue
      const from = await zip.openReadStreamPromise(entry)
      return await pipeline(from, createWriteStream(destination, { flags: 'a' }), { signal })
    }
  } finally {
    zip.close()
  }
  throw new SourceFailure(`the package has no file ${member}`)
}

/** Makes one file of several, in order, and removes them as it goes: the disk may be small. */
export async function joinFiles(parts: string[], destination: string, signal: AbortSignal): Promise<void> {
  const [first, ...rest] = parts
  if (first !== undefined) await rename(first, destination)
  for (const part of rest) {
    await pipeline(createReadStream(part), createWriteStream(destination, { flags: 'a' }), { signal })
    await rm(part)
  }
}

export async function fileSize(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw error
  }
}

function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('TAR_')
}
