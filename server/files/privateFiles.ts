import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Modes of what holds words or voices: for their owner only. */
export const PRIVATE_FILE = 0o600
export const PRIVATE_FOLDER = 0o700
const OTHERS = 0o077

/**
 * Takes from group and others what they may do with `path` and what lies below it. Left as it is: a link, what is another user's or
 * cannot be changed, and what is in a folder that nobody else could enter.
 */
export function makePrivate(path: string): void {
  try {
    const found = lstatSync(path)
    const isFolder = found.isDirectory()
    if (!(isFolder || found.isFile()) || found.uid !== process.getuid?.() || !(found.mode & OTHERS)) return
    chmodSync(path, found.mode & ~OTHERS & 0o777)
    if (isFolder) for (const name of readdirSync(path)) makePrivate(join(path, name))
  } catch {
    // It is not there, or on a disk that takes no modes.
  }
}

/** Writes what a person asked to have in a file, over an older one; devices and pipes are written to as they are. */
export async function writePrivately(path: string, data: string | Uint8Array): Promise<void> {
  await writeFile(path, data, { mode: PRIVATE_FILE })
  makePrivate(path)
}
