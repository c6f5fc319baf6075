import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { setApart } from '../../../server/credentials.ts'
import type { PullProgress } from '../../../server/protocol/models.ts'
import { uploadBlob } from '../../../server/setup/ollama/ollamaApi.ts'
import { provisionFrom } from '../../../server/setup/provision.ts'
import { failureOf } from '../../support/failureOf.ts'

/** What is not here is got in a process of its own, so that its memory goes back. */

let folder: string
let server: Server
let url: string
let answer: RequestListener
let steps: PullProgress[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-child-'))
  steps = []
  server = createServer((request, response) => {
    if (request.url === '/api/tags') response.end('{"models":[]}')
    else answer(request, response)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const pull = (signal = AbortSignal.timeout(30_000)) =>
  provisionFrom(folder).languageModel('qwen3:0.6b', url, (_item, step) => steps.push(step), signal)
const pulled =
  '{"status":"pulling manifest"}\n{"status":"pulling a","completed":5,"total":10}\n{"status":"success"}\n'

test('tells its progress and how it went', async () => {
  answer = (_request, response) => response.end(pulled)
  await pull()
  expect(steps).toContainEqual({ status: 'pulling a', completedBytes: 5, totalBytes: 10 })
  answer = (_request, response) => response.end('{"error":"pull model manifest: file does not exist"}\n')
  expect(await failureOf(pull())).toMatchObject({
    code: 'model_not_found',
    message: 'There is no language model named "qwen3:0.6b".',
    mend: expect.stringMatching(/models pull/),
  })
})

test('knows the credentials of the address, which are told nowhere', async () => {
  const seen: (string | undefined)[] = []
  answer = (request, response) => {
    seen.push(request.headers.authorization)
    response.end(pulled)
  }
  url = setApart(url.replace('//', '//ada:hunter2@'))
  expect(url).not.toContain('@')
  await pull()
  expect(seen).toEqual([`Basic ${Buffer.from('ada:hunter2').toString('base64')}`])
})

test('gives up with its parent, and gives its locks back', async () => {
  const asked = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  answer = (_request, response) => {
    response.write('{"status":"pulling a","completed":5,"total":10}\n')
    response.once('close', left.resolve)
    asked.resolve()
  }
  const ending = new AbortController()
  const ended = pull(ending.signal).catch((error: unknown) => error)
  await asked.promise
  expect(await readdir(join(folder, 'locks'))).toHaveLength(1)
  const reason = new Error('The server stops.')
  ending.abort(reason)
  expect(await ended).toBe(reason)
  await left.promise
  await expect.poll(() => readdir(join(folder, 'locks')), { timeout: 5000 }).toEqual([])
})

test('a refused file is told in the words of Ollama, one that nobody takes as unreachable', async () => {
  const file = import.meta.filename
  const { signal } = new AbortController()
  answer = (request, response) => {
    request.resume().once('end', () => response.writeHead(400).end('{"error":"digest mismatch"}'))
  }
  expect(await failureOf(uploadBlob(url, 'a'.repeat(64), file, signal))).toMatchObject({
    code: 'engine_failed',
    message: expect.stringMatching(/digest mismatch/),
  })
  answer = request => request.destroy()
  expect(await failureOf(uploadBlob(url, 'a'.repeat(64), file, signal))).toMatchObject({
    code: 'engine_unavailable',
  })
})

test('hashing a file of 200 MB and giving it to Ollama holds little of it in memory', async () => {
  answer = (request, response) => {
    request.resume().once('end', () => response.writeHead(201).end())
  }
  const file = join(folder, 'weights')
  await pipeline(Array(200).fill(Buffer.alloc(2 ** 20, 'weights')), createWriteStream(file))
  const setup = resolve(import.meta.dirname, '../../../server/setup')
  const script = `
    const { hashFile } = await import('${setup}/cache.ts')
    const { uploadBlob } = await import('${setup}/ollama/ollamaApi.ts')
    const { signal } = new AbortController()
    const before = process.memoryUsage.rss()
    await hashFile('${file}', signal)
    await uploadBlob('${url}', 'a'.repeat(64), '${file}', signal)
    console.log(process.memoryUsage.rss() - before)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  const grown = Number(stdout)
  console.info(`grown by ${Math.round(grown / 1e6)} MB`)
  expect(grown).toBeLessThan(150e6)
}, 60_000)
