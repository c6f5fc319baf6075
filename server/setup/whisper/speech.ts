import { join } from 'node:path'
import { QuantvoxError } from '../../errors.ts'
import { nearestHint, nearestNames } from '../../nearest.ts'
import type { SpeechModel } from '../../protocol/models.ts'
import { FALLBACK_SPEECH_MODEL } from '../../shared/defaults/speechDefaults.ts'
import { fileSize } from '../archive.ts'
import { cachePaths, ensureDirectory, hashFile } from '../cache.ts'
import { catalog, type SpeechFamily } from '../catalog.ts'
import { withDiskErrors } from '../failures.ts'
import { withLock } from '../lock.ts'
import { makeMoonshineLevel } from '../moonshine/moonshine.ts'
import { reporter, type SetupContext, type SpeechModelFile, type WhisperPrograms } from '../types.ts'
import { measureFastest } from './buildChoice.ts'
import { type FileNote, readFileNote, removeFile } from './speechFiles.ts'
import { ensureWhisper, unmeasuredServers } from './whisper.ts'
import { fetchUnquantized, quantize, UNQUANTIZED } from './whisperLevel.ts'

type SpeechLevel<F extends SpeechFamily = SpeechFamily> = {
  family: F
  quantization: string
  name: string
}
/** Its size as the catalog has it; null where it has none. */
type ListedLevel = SpeechLevel & { sizeBytes: number | null }

/** Every level of every family of the catalog, the f16 of Whisper's first. */
export function speechLevels(families: SpeechFamily[]): ListedLevel[] {
  return families.flatMap(family =>
    [
      ...(family.engine === 'whisper'
        ? [{ quantization: UNQUANTIZED, sizeBytes: family.f16.sizeBytes }]
        : []),
      ...family.levels,
    ].map(level => ({
      family,
      quantization: level.quantization,
      name: `${family.name}-${level.quantization}`,
      sizeBytes: 'sizeBytes' in level ? level.sizeBytes : null,
    })),
  )
}

/** The level of that name. Throws `model_not_found` with the nearest names and the command that lists all. */
function findSpeechLevel(name: string, families: SpeechFamily[]): SpeechLevel {
  const levels = speechLevels(families)
  const level = levels.find(candidate => candidate.name === name)
  if (level !== undefined) return level
  const names = levels.map(candidate => candidate.name)
  throw new QuantvoxError('model_not_found', `There is no speech model named ${JSON.stringify(name)}.`, {
    meaning: nearestHint(name, names),
    mend: `Get one with \`npx quantvox models pull ${nearestNames(name, names)[0] ?? names[0]}\`; \`npx quantvox models list\` shows all.`,
  })
}

/** The file of a level where it is here and whole; fetches and makes nothing. Throws `model_not_found` as `ensureSpeechModel` does. */
export function findSpeechModel(
  name: string,
  context: SetupContext,
  families = catalog.speech,
): Promise<SpeechModelFile | null> {
  return found(findSpeechLevel(name, families), context)
}

async function found(
  level: SpeechLevel,
  { cacheDir, signal }: SetupContext,
): Promise<SpeechModelFile | null> {
  const path = speechPath(cacheDir, level.name)
  const note = await readFileNote(path, signal)
  return note === null ? null : described(level, path, note)
}

/**
 * The file of a speech model level; Whisper's f16 is fetched and the others are made from it, Moonshine's are made of what a wheel
 * has, when they are missing or damaged.
 * `whisper` is asked for only when something must be quantized. Throws `model_not_found` for a name that is not in the catalog.
 */
export async function ensureSpeechModel(
  name: string,
  context: SetupContext,
  families = catalog.speech,
  whisper: (context: SetupContext) => Promise<WhisperPrograms> = ensureWhisper,
): Promise<SpeechModelFile> {
  return obtain(findSpeechLevel(name, families), whisper, context)
}

async function obtain(
  level: SpeechLevel,
  whisper: (context: SetupContext) => Promise<WhisperPrograms>,
  context: SetupContext,
): Promise<SpeechModelFile> {
  const path = speechPath(context.cacheDir, level.name)
  await ensureDirectory(cachePaths(context.cacheDir).speech)
  const { speech } = cachePaths(context.cacheDir)
  return withDiskErrors(speech, async () => {
    const there = await found(level, context)
    if (there !== null) return there
    const note = await withLock(level.name, context, async locked => {
      const madeMeanwhile = await readFileNote(path, locked.signal)
      if (madeMeanwhile !== null) return madeMeanwhile
      return make(level, path, whisper, locked)
    })
    return described(level, path, note)
  })
}

function make(
  { family, quantization, name }: SpeechLevel,
  path: string,
  whisper: (context: SetupContext) => Promise<WhisperPrograms>,
  context: SetupContext,
): Promise<FileNote> {
  if (family.engine === 'moonshine') return makeMoonshineLevel({ family, quantization, name }, path, context)
  if (quantization === UNQUANTIZED) return fetchUnquantized(family, path, context)
  const unquantized = { family, quantization: UNQUANTIZED, name: `${family.name}-${UNQUANTIZED}` }
  const sources = () => Promise.all([whisper(context), obtain(unquantized, whisper, context)])
  return quantize({ family, quantization, name }, path, sources, context)
}

/**
 * Measures once which of two servers that were built here is faster on this CPU, by a level that is here: at most 10 s. Where it
 * cannot be told the native one stays.
 */
export async function tuneWhisper(context: SetupContext): Promise<void> {
  if ((await unmeasuredServers(context)) === null) return
  const level = await anyWhisperLevel(context)
  if (level === null) return
  const report = reporter(context, 'whisper-server')
  try {
    await withLock('whisper-measure', context, async locked => {
      const servers = await unmeasuredServers(locked)
      if (servers === null) return
      report('measuring which build is faster')
      await measureFastest(servers.directory, servers, level, locked)
    })
    report('ready')
  } catch (error) {
    context.signal.throwIfAborted()
    report(`could not be measured: ${(error as Error).message}`)
  }
}

async function anyWhisperLevel(context: SetupContext): Promise<SpeechModelFile | null> {
  const levels = speechLevels(catalog.speech).filter(({ family }) => family.engine === 'whisper')
  for (const name of [FALLBACK_SPEECH_MODEL, ...levels.map(level => level.name)]) {
    const file = await findSpeechModel(name, context)
    if (file !== null) return file
  }
  return null
}

/** Every level of the catalog, with its digest where the file is here; `loaded` is false throughout, the server knows better. */
export async function listSpeechModels(cacheDir: string, families = catalog.speech): Promise<SpeechModel[]> {
  return Promise.all(
    speechLevels(families).map(async ({ family, quantization, name, sizeBytes }) => {
      const note = await readFileNote(speechPath(cacheDir, name), null)
      return {
        name,
        family: family.name,
        parameterSize: family.parameterSize,
        quantization,
        sizeBytes: note?.sizeBytes ?? sizeBytes,
        digest: note?.sha256 ?? null,
        installed: note !== null,
        loaded: false,
        residentBytes: null,
        languages: family.languages,
        licence: family.licence,
        ...(family.engine === 'moonshine' ? { shipped: family.shipped } : {}),
      }
    }),
  )
}

/**
 * Hashes every model file that is here. For a person who doubts their disk: what changed without a trace in size and
 * time shows too.
 */
export async function checkSpeechModels(
  cacheDir: string,
  signal: AbortSignal,
  families = catalog.speech,
): Promise<{ name: string; whole: boolean }[]> {
  const checked: { name: string; whole: boolean }[] = []
  for (const { name } of speechLevels(families)) {
    const path = speechPath(cacheDir, name)
    if ((await fileSize(path)) === null) continue
    const note = await readFileNote(path, null)
    const whole = note !== null && (await hashFile(path, signal)).toString('hex') === note.sha256
    checked.push({ name, whole })
  }
  return checked
}

/** Removes the file of a level; true where there was one. Throws `model_not_found` for a name that is not in the catalog. */
export async function removeSpeechModel(
  name: string,
  cacheDir: string,
  families = catalog.speech,
): Promise<boolean> {
  const path = speechPath(cacheDir, findSpeechLevel(name, families).name)
  return withDiskErrors(cachePaths(cacheDir).speech, async () => {
    const installed = (await readFileNote(path, null)) !== null
    await removeFile(path)
    return installed
  })
}

export function speechPath(cacheDir: string, name: string): string {
  return join(cachePaths(cacheDir).speech, `${name}.bin`)
}

function described(
  { family, quantization, name }: SpeechLevel,
  path: string,
  note: FileNote,
): SpeechModelFile {
  return {
    name,
    family: family.name,
    quantization,
    path,
    sizeBytes: note.sizeBytes,
    digest: note.sha256,
    languages: family.languages,
    parameterSize: family.parameterSize,
  }
}
