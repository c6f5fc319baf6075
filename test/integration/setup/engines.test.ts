import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OllamaEntry } from '../../../server/setup/catalog.ts'
import { ensureOllama } from '../../../server/setup/ollama/ollama.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import { failureOf } from '../../support/failureOf.ts'
import { copyTo, onlyPrograms } from '../../support/setup/fakePrograms.ts'
import { close, listen } from '../../support/setup/localServer.ts'

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
  base = await listen(server)
})

afterEach(async () => {
  restorePath?.()
  await close(server)
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
