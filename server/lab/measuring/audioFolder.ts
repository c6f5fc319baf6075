import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { QuantvoxError } from '../../errors.ts'

/**
 * The real path of what a request names, a folder or a file, when that lies below a folder that the operator named, wherever links and
 * `..` lead. Null for anything else: whoever asks does not learn what there is outside.
 */
export async function allowedPath(path: string, roots: readonly string[]): Promise<string | null> {
  const real = await realpath(path).catch(() => null)
  if (real === null) return null
  for (const root of roots) {
    const from = await realpath(root).catch(() => null)
    const inside = from === null ? '..' : relative(from, real)
    if (inside !== '..' && !inside.startsWith('../') && !isAbsolute(inside)) return real
  }
  return null
}

/**
 * The real path of a folder that comparisons may read.
 * @param audioDirs AUDIO_DIRS
 * @throws QuantvoxError `not_found` for every other
 */
export async function allowedFolder(directory: string, audioDirs: readonly string[]): Promise<string> {
  const folder = await allowedPath(directory, audioDirs)
  if (folder !== null && (await stat(folder)).isDirectory()) return folder
  throw new QuantvoxError('not_found', `There is no folder ${directory} below those that AUDIO_DIRS names.`, {
    meaning:
      audioDirs.length === 0
        ? 'It is not set, so comparisons read no folder of this machine.'
        : 'Comparisons read no other folder of this machine.',
    mend: `Where it may be read, set AUDIO_DIRS to it or to a folder above it and start the server again.`,
  })
}
