import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackTar } from '../archive.ts'
import { cachePaths, withScratch } from '../cache.ts'
import { type ArchiveSource, catalog, type GoSource, type OllamaEntry } from '../catalog.ts'
import { goDownload, npmPack } from '../clients.ts'
import { cpuKey, WITHOUT_AMX } from '../cpu.ts'
import { download } from '../download.ts'
import { type EngineRecord, installEngine, readEngine } from '../engineRecord.ts'
import { SourceFailure } from '../failures.ts'
import { foundOrMade } from '../lock.ts'
import { findOnPath, firstOnPath, runProgram } from '../programs.ts'
import { firstSource } from '../sources.ts'
import { type OllamaProgram, reporter, type SetupContext } from '../types.ts'

const item = 'ollama'
/** Where the program lies in the directory of an engine that was built. */
const builtProgram = join('bin', 'ollama')

/**
 * The `ollama` program: from PATH where it is recent enough, else the official release archive, else built for this CPU
 * as a Go module. Throws `engine_unavailable` with what was tried.
 */
export async function ensureOllama(
  context: SetupContext,
  entry: OllamaEntry = catalog.engines.ollama,
): Promise<OllamaProgram> {
  const directory = cachePaths(context.cacheDir).engine(item, entry.version)
  const platform = `${process.platform}-${process.arch}`
  const cached = (make: (locked: SetupContext) => Promise<EngineRecord>) => async () => {
    const record = await foundOrMade(item, context, () => readEngine(directory), make)
    return asProgram(directory, record)
  }
  return firstSource<OllamaProgram>(
    entry.sources.flatMap(source => {
      switch (source.kind) {
        case 'path':
          return { source: 'PATH', run: () => onPath(entry, context) }
        case 'http':
          if (source.platform !== platform) return []
          return {
            source: source.url,
            run: cached(locked => unpackRelease(source, entry, directory, locked)),
          }
        case 'go':
          return {
            source: `go ${source.module}@${source.version}`,
            run: cached(locked => build(source, entry, directory, locked)),
          }
        default:
          return source satisfies never
      }
    }),
    {
      code: 'engine_unavailable',
      what: 'Ollama',
      meaning: 'No language model can be run on this machine.',
      mend: `Install Ollama ${entry.minimumVersion} or newer (https://ollama.com/download), or install go and a C++ compiler so that it can be built; or set OLLAMA_HOST to a running one.`,
    },
  )
}

/** The program that is here already, on PATH or in the cache; null where it would have to be fetched. */
export async function findOllama(
  context: SetupContext,
  entry: OllamaEntry = catalog.engines.ollama,
): Promise<OllamaProgram | null> {
  try {
    return await onPath(entry, context)
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
  }
  const directory = cachePaths(context.cacheDir).engine(item, entry.version)
  const record = await readEngine(directory)
  return record === null ? null : asProgram(directory, record)
}

async function onPath(entry: OllamaEntry, { signal }: SetupContext): Promise<OllamaProgram> {
  const path = await findOnPath('ollama')
  if (path === null) throw new SourceFailure('no ollama')
  const version = versionOf(
    // It asks a server first, wherever OLLAMA_HOST says; here that is refused at once.
    await runProgram(path, ['--version'], { signal, env: { OLLAMA_HOST: '127.0.0.1:9' } }),
  )
  if (version === null) throw new SourceFailure('`ollama --version` told no version')
  if (compareVersions(version, entry.minimumVersion) < 0) {
    throw new SourceFailure(
      `ollama is ${version}, ${entry.minimumVersion} is needed: ${entry.minimumVersionReason}`,
    )
  }
  return { path, version, origin: 'path' }
}

/** The program's own version; with a server running the first line is that server's. */
export function versionOf(output: string): string | null {
  const match = /client version is (\d+\.\d+\.\d+)/.exec(output) ?? /version is (\d+\.\d+\.\d+)/.exec(output)
  return match?.[1] ?? null
}

/** Negative where `a` is older than `b`; numbers only, three parts. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => version.split('.').map(Number))
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

async function unpackRelease(
  source: ArchiveSource,
  entry: OllamaEntry,
  directory: string,
  context: SetupContext,
): Promise<EngineRecord> {
  const sha256 = source.sha256 ?? (await publishedSha256(source, context))
  return withScratch(context.cacheDir, item, async scratch => {
    const archive = join(scratch, 'archive')
    await download(
      { item, url: source.url, destination: archive, sizeBytes: source.sizeBytes, sha256 },
      context,
    )
    reporter(context, item)('unpacking')
    const staging = join(scratch, 'staging')
    await unpackTar(archive, source.format, staging, context.signal)
    await runProgram(join(staging, source.program), ['--version'], { signal: context.signal })
    return installEngine(staging, directory, {
      version: entry.version,
      origin: 'archive',
      source: source.url,
      programs: [source.program],
    })
  })
}

/** The sha256 that the publisher states for the archive, in a list of `<sha256>  <path>` lines. */
async function publishedSha256(source: ArchiveSource, context: SetupContext): Promise<string> {
  if (source.checksumsUrl === undefined) throw new SourceFailure('no hash is known for it')
  const { checksumsUrl } = source
  return withScratch(context.cacheDir, `${item}-checksums`, async scratch => {
    const list = join(scratch, 'list')
    await download({ item, url: checksumsUrl, destination: list, sizeBytes: null, sha256: null }, context)
    const file = source.url.slice(source.url.lastIndexOf('/') + 1)
    for (const line of (await readFile(list, 'utf8')).split('\n')) {
      const [sha256, path] = line.trim().split(/\s+\*?/)
      if (path?.replace(/^\.\//, '') === file && /^[0-9a-f]{64}$/.test(sha256 ?? '')) return sha256 ?? ''
    }
    throw new SourceFailure(`the publisher's list of hashes does not name ${file}`)
  })
}

async function build(
  source: GoSource,
  entry: OllamaEntry,
  directory: string,
  context: SetupContext,
): Promise<EngineRecord> {
  const { signal } = context
  const report = reporter(context, item)
  if ((await findOnPath('go')) === null) throw new SourceFailure('`go` is not installed')
  if ((await firstOnPath(['g++', 'clang++', 'c++'])) === null)
    throw new SourceFailure('there is no C++ compiler')
  return withScratch(context.cacheDir, item, async scratch => {
    report('fetching the source')
    const [tarball] = await Promise.all([
      npmPack(source.headers, scratch, signal),
      goDownload({ module: source.module, version: source.version, sum: source.sum }, scratch, signal),
    ])
    // The same path each time: Go keeps compiled files by their flags, so a build that was stopped goes on where it was.
    const unpacked = join(cachePaths(context.cacheDir).downloads, `${item}-headers`)
    await unpackTar(tarball, 'tar.gz', unpacked, signal, path => path.startsWith(source.headers.directory))
    const headers = join(unpacked, source.headers.directory)
    // Go keeps compiled C files by their flags alone: the key keeps those for another CPU apart.
    const flags = [
      '-O3',
      '-march=native',
      WITHOUT_AMX,
      `-DQUANTVOX_CPU_${cpuKey()}`,
      ...source.includes.map(path => `-I${join(headers, path)}`),
    ]
    const staging = join(scratch, 'staging')
    report('compiling')
    await runProgram(
      'go',
      [
        'install',
        '-v',
        '-ldflags',
        `-s -w -X ${source.versionVariable}=${entry.version}`,
        `${source.module}@${source.version}`,
      ],
      {
        cwd: scratch,
        signal,
        env: {
          GOBIN: join(staging, 'bin'),
          CGO_ENABLED: '1',
          CGO_CFLAGS: flags.join(' '),
          CGO_CXXFLAGS: flags.join(' '),
        },
        onLine: line => report(`compiling ${line.slice(0, 60)}`),
      },
    )
    await runProgram(join(staging, builtProgram), ['--version'], { signal })
    await rm(unpacked, { recursive: true, force: true })
    return installEngine(staging, directory, {
      version: entry.version,
      origin: 'built',
      source: `go ${source.module}@${source.version}`,
      programs: [builtProgram],
    })
  })
}

function asProgram(directory: string, record: EngineRecord): OllamaProgram {
  const [program] = record.programs
  return {
    path: join(directory, program?.path ?? builtProgram),
    version: record.version,
    origin: record.origin,
  }
}
