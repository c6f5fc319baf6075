import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OllamaEntry, WhisperEntry } from '../../../server/setup/catalog.ts'
import { ensureOllama } from '../../../server/setup/ollama/ollama.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import { ensureWhisper, findWhisper, unmeasuredServers } from '../../../server/setup/whisper/whisper.ts'
import { failureOf } from '../../support/failureOf.ts'
import { copyTo, onlyPrograms } from '../../support/setup/fakePrograms.ts'

let root: string
let cacheDir: string
let server: Server
let base: string
let files: Map<string, Buffer>
let requests: string[]
let restorePath: (() => void) | null

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'engines-'))
  cacheDir = join(root, 'cache')
  files = new Map()
  requests = []
  restorePath = null
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const file = files.get(request.url ?? '')
    if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-length': file.length }).end(file)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  restorePath?.()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  await rm(root, { recursive: true, force: true })
})

async function programs(scripts: Record<string, string>): Promise<void> {
  restorePath?.()
  await rm(join(root, 'bin'), { recursive: true, force: true })
  restorePath = await onlyPrograms(join(root, 'bin'), scripts)
}

const context = (): SetupContext => ({
  cacheDir,
  signal: AbortSignal.timeout(15_000),
  onProgress: () => undefined,
})
/** A release archive with a program that tells a version. */
async function release(): Promise<Buffer> {
  const directory = join(root, 'release')
  await mkdir(join(directory, 'bin'), { recursive: true })
  writeFileSync(join(directory, 'bin', 'ollama'), '#!/bin/sh\necho "ollama version is 0.17.4"\n')
  await chmod(join(directory, 'bin', 'ollama'), 0o755)
  const path = join(root, 'release.tar')
  await create({ file: path, cwd: directory }, ['bin'])
  return zstdCompressSync(readFileSync(path))
}

const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

function ollamaEntry(change: Partial<OllamaEntry> = {}): OllamaEntry {
  return {
    version: '0.17.4',
    minimumVersion: '0.17.1',
    minimumVersionReason: 'older versions leak memory to strangers (CVE-2026-7482)',
    licence: 'MIT',
    sources: [
      { kind: 'path', programs: ['ollama'] },
      {
        kind: 'http',
        platform: `${process.platform}-${process.arch}`,
        url: `${base}/ollama.tar.zst`,
        format: 'tar.zst',
        program: 'bin/ollama',
        sha256: null,
        checksumsUrl: `${base}/sha256sum.txt`,
        sizeBytes: null,
      },
      {
        kind: 'go',
        module: 'example.com/ollama',
        version: 'v0.17.4',
        sum: 'h1:right',
        versionVariable: 'example.com/ollama/version.Version',
        headers: {
          kind: 'npm',
          package: 'some-headers',
          version: '1.0.0',
          integrity: 'sha512-none',
          licence: 'MIT',
          directory: 'package/cpp',
        },
        includes: ['.'],
      },
    ],
    ...change,
  }
}

describe('Ollama', () => {
  it('on PATH is used where it is recent enough', async () => {
    await programs({ ollama: 'echo "Warning: client version is 0.18.0"' })
    expect(await ensureOllama(context(), ollamaEntry())).toEqual({
      path: join(root, 'bin', 'ollama'),
      version: '0.18.0',
      origin: 'path',
    })
    expect(requests).toEqual([])
  })

  it('on PATH that is too old is passed over for the release archive, and the archive is kept', async () => {
    await programs({ ollama: 'echo "ollama version is 0.16.9"' })
    const archive = await release()
    files.set('/ollama.tar.zst', archive)
    files.set(
      '/sha256sum.txt',
      Buffer.from(`${sumOf(Buffer.from('x'))}  ./other.tgz\n${sumOf(archive)}  ./ollama.tar.zst\n`),
    )
    const program = await ensureOllama(context(), ollamaEntry())
    expect(program).toMatchObject({ version: '0.17.4', origin: 'archive' })
    expect(program.path.startsWith(join(cacheDir, 'engines', 'ollama-0.17.4-'))).toBe(true)
    requests = []
    expect(await ensureOllama(context(), ollamaEntry())).toEqual(program)
    expect(requests).toEqual([])
    expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
  })

  it('whose archive has another hash than the publisher states is never unpacked', async () => {
    await programs({})
    files.set('/ollama.tar.zst', await release())
    files.set('/sha256sum.txt', Buffer.from(`${'0'.repeat(64)}  ./ollama.tar.zst\n`))
    const failure = await failureOf(ensureOllama(context(), ollamaEntry()))
    expect(failure.message).toMatch(/the sha256 is .*, 000000000000… was expected/)
    expect(existsSync(join(cacheDir, 'engines'))).toBe(false)
  })

  it('whose archive is damaged although its hash is right is a failure of that source', async () => {
    await programs({})
    const damaged = (await release()).subarray(0, 90)
    files.set('/ollama.tar.zst', damaged)
    files.set('/sha256sum.txt', Buffer.from(`${sumOf(damaged)}  ./ollama.tar.zst\n`))
    expect((await failureOf(ensureOllama(context(), ollamaEntry()))).message).toContain('damaged')
  })

  it('that no source gives is one message with each source, each reason and what to do', async () => {
    await programs({})
    const failure = await failureOf(ensureOllama(context(), ollamaEntry()))
    expect(failure.code).toBe('engine_unavailable')
    expect(failure.message).toContain('PATH: no ollama')
    expect(failure.message).toContain(`${base}/ollama.tar.zst: the server answered 404`)
    expect(failure.message).toContain('go example.com/ollama@v0.17.4: `go` is not installed')
    expect(failure.mend).toMatch(/Install Ollama 0\.17\.1 or newer.*OLLAMA_HOST/)
  })

  it('source with another sum than the catalog names is not built', async () => {
    const headers = join(root, 'some-headers-1.0.0.tgz')
    writeFileSync(headers, 'headers')
    const integrity = `sha512-${createHash('sha512').update('headers').digest('base64')}`
    const entry = ollamaEntry()
    const go = entry.sources[2]
    if (go?.kind !== 'go') throw new Error('the third source is Go')
    go.headers.integrity = integrity
    entry.sources = [go]
    await programs({
      npm: copyTo('--pack-destination', headers),
      'g++': '',
      go: `[ "$1" = mod ] && echo '{"Path": "example.com/ollama", "Sum": "h1:wrong"}'`,
    })
    expect((await failureOf(ensureOllama(context(), entry))).message).toContain(
      'example.com/ollama@v0.17.4 has another hash than the catalog names',
    )
  })

  it('in the cache that was cut short is fetched again', async () => {
    await programs({})
    const archive = await release()
    files.set('/ollama.tar.zst', archive)
    files.set('/sha256sum.txt', Buffer.from(`${sumOf(archive)}  ./ollama.tar.zst\n`))
    const { path } = await ensureOllama(context(), ollamaEntry())
    await truncate(path, 5)
    await ensureOllama(context(), ollamaEntry())
    expect(readFileSync(path, 'utf8')).toContain('0.17.4')
  })
})

describe('whisper.cpp', () => {
  const entry = (): WhisperEntry => ({
    version: '1.9.1',
    licence: 'MIT',
    sources: [
      { kind: 'path', programs: ['whisper-server', 'whisper-quantize'], helpMustName: '--vad-model' },
      {
        kind: 'npm',
        package: 'some-whisper',
        version: '1.0.0',
        integrity: 'sha512-none',
        licence: 'MIT',
        directory: 'package/whisper.cpp',
      },
    ],
  })

  it('on PATH is used where its server stops for a client that left', async () => {
    await programs({ 'whisper-server': 'echo "  -vm FNAME, --vad-model FNAME" >&2', 'whisper-quantize': '' })
    expect(await ensureWhisper(context(), entry())).toEqual({
      serverPath: join(root, 'bin', 'whisper-server'),
      quantizePath: join(root, 'bin', 'whisper-quantize'),
      version: '1.7.6 or newer',
      origin: 'path',
      measured: null,
    })
  })

  it('on PATH that is too old, and no way to build it, is one message with both reasons', async () => {
    await programs({ 'whisper-server': 'echo "--no-gpu" >&2', 'whisper-quantize': '' })
    const failure = await failureOf(ensureWhisper(context(), entry()))
    expect(failure.code).toBe('engine_unavailable')
    expect(failure.message).toContain('PATH: whisper-server is older than 1.7.6')
    expect(failure.message).toContain('npm some-whisper@1.0.0: `cmake` is not installed')
    expect(failure.mend).toMatch(/SPEECH_URL/)
  })

  it('source with another hash than the catalog names is not built', async () => {
    const tarball = join(root, 'some-whisper-1.0.0.tgz')
    writeFileSync(tarball, 'something else')
    await programs({ cmake: 'exit 1', 'c++': '', npm: copyTo('--pack-destination', tarball) })
    expect((await failureOf(ensureWhisper(context(), entry()))).message).toContain(
      'some-whisper@1.0.0 has another hash than the catalog names',
    )
  })

  it('build that fails leaves no engine and says what the compiler said', async () => {
    const source = join(root, 'source')
    await mkdir(join(source, 'package', 'whisper.cpp'), { recursive: true })
    const tarball = join(root, 'some-whisper-1.0.0.tgz')
    await create({ file: tarball, cwd: source, gzip: true }, ['package'])
    const broken = entry()
    const npm = broken.sources[1]
    if (npm?.kind !== 'npm') throw new Error('the second source is npm')
    npm.integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    await programs({
      npm: copyTo('--pack-destination', tarball),
      'c++': '',
      cmake: 'echo "server.cpp:1: error: no such thing" >&2; exit 2',
    })
    expect((await failureOf(ensureWhisper(context(), broken))).message).toContain(
      'server.cpp:1: error: no such thing',
    )
    expect(existsSync(join(cacheDir, 'engines'))).toBe(false)
    expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
  })

  /** A cmake that compiles scripts which say how they were configured, and counts. */
  const compiler = `
    while [ $# -gt 0 ]; do case "$1" in -B) tree="$2"; shift;; --build) tree="$2"; made=1; shift;; --target) shift; break;; *) flags="$flags $1";; esac; shift; done
    /bin/mkdir -p "$tree/bin"
    if [ -z "$made" ]; then echo "$flags" > "$tree/flags"; else
      for target in "$@"; do { echo '#!/bin/sh'; echo "# $(/bin/cat "$tree/flags")"; } > "$tree/bin/$target"; /bin/chmod +x "$tree/bin/$target"; done
    fi`

  async function buildable(cmake = compiler): Promise<WhisperEntry> {
    const source = join(root, 'source')
    await mkdir(join(source, 'package', 'whisper.cpp'), { recursive: true })
    const tarball = join(root, 'some-whisper-1.0.0.tgz')
    await create({ file: tarball, cwd: source, gzip: true }, ['package'])
    const [path, npm] = entry().sources
    if (path === undefined || npm?.kind !== 'npm') throw new Error('the second source is npm')
    npm.integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    await programs({ npm: copyTo('--pack-destination', tarball), 'c++': '', cmake })
    return { ...entry(), sources: [path, npm] }
  }

  it('is built a second time for AVX2 where the CPU has AVX-512, and the faster one runs once both were measured', async () => {
    const built = await buildable()
    const native = await ensureWhisper(context(), built, ['avx2', 'avx512f'])
    expect(native).toMatchObject({ version: '1.9.1', origin: 'built', measured: null })
    expect(readFileSync(native.serverPath, 'utf8')).toContain('-DGGML_LLAMAFILE=ON')
    const servers = await unmeasuredServers(context(), built)
    expect(servers?.native).toBe(native.serverPath)
    const [nativeText, portableText] = [servers?.native, servers?.portable].map(path =>
      readFileSync(path ?? '', 'utf8'),
    )
    expect(nativeText).not.toContain('-DGGML_NATIVE=OFF')
    expect(portableText).toContain('-DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON')
    const measured = { nativeMs: 387, portableMs: 356 }
    writeFileSync(join(servers?.directory ?? '', 'measured.json'), JSON.stringify(measured))
    expect(await findWhisper(context(), built)).toEqual({
      ...native,
      serverPath: servers?.portable,
      measured,
    })
    expect(await unmeasuredServers(context(), built)).toBeNull()
  })

  it('whose second build fails is what the first made', async () => {
    const failing = `case "$*" in *NATIVE=OFF*) exit 2;; esac\n${compiler}`
    const built = await buildable(failing)
    const programs = await ensureWhisper(context(), built, ['avx512f'])
    expect(readFileSync(programs.serverPath, 'utf8')).toContain('-DGGML_LLAMAFILE=ON')
    expect(await unmeasuredServers(context(), built)).toBeNull()
  })

  it('is built once where the CPU has none', async () => {
    const built = await buildable()
    await ensureWhisper(context(), built, ['avx2'])
    expect(await unmeasuredServers(context(), built)).toBeNull()
  })
})
