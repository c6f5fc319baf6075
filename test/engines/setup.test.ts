import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createOllama, type OllamaEngine } from '../../server/engines/ollama/ollama.ts'
import { freePort } from '../../server/engines/ports.ts'
import {
  catalog,
  ensureLanguageModel,
  installedLanguageModels,
  type WhisperPrograms,
} from '../../server/setup/index.ts'
import { realOllama, realSpeechModel, realWhisper, testCacheDir } from '../support/engines/realEngines.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { quietLog } from '../support/quietLog.ts'

/** What setup made, run: nothing here is a stand-in. */

const clip = readFileSync(new URL('../fixtures/speech/jfk-inaugural.wav', import.meta.url))
const spoken =
  'And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country.'

/** Those that package registries have; the sizes of the others are held against their formats in `test/unit`. */
const whisperFamilies = catalog.speech
  .filter(family => family.engine === 'whisper')
  .filter(({ sources }) => sources.some(({ kind }) => kind === 'pypi'))

describe('speech models that setup made', () => {
  let programs: WhisperPrograms
  let server: ChildProcess | null = null

  beforeAll(async () => {
    programs = await realWhisper()
  }, 900_000)
  afterEach(async () => {
    if (server !== null && server.exitCode === null) {
      server.kill('SIGKILL')
      await once(server, 'exit')
    }
    server = null
  })

  async function transcribe(modelPath: string): Promise<string> {
    const port = await freePort()
    const child = spawn(programs.serverPath, ['-m', modelPath, '--host', '127.0.0.1', '--port', `${port}`], {
      stdio: 'ignore',
    })
    server = child
    const isUp = () =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    await expect.poll(isUp, { timeout: 60_000, interval: 100 }).toBe(true)
    const form = new FormData()
    form.set('file', new Blob([clip]), 'clip.wav')
    for (const [name, value] of [
      ['response_format', 'json'],
      ['language', 'en'],
      ['temperature', '0'],
    ] as const) {
      form.set(name, value)
    }
    const answer = await fetch(`http://127.0.0.1:${port}/inference`, { method: 'POST', body: form })
    return ((await answer.json()) as { text: string }).text
  }

  it.each(['whisper-tiny.en-f16', 'whisper-tiny.en-q5_1', 'whisper-base-f16', 'whisper-base-q4_0'])(
    '%s writes down what was said',
    async name => {
      const model = await realSpeechModel(name)
      expect(charactersWrong(spoken, await transcribe(model.path))).toBeLessThan(HEARD_WELL)
    },
  )

  it('are, unquantized, byte for byte the published files', async () => {
    for (const family of whisperFamilies) {
      const { path } = await realSpeechModel(`${family.name}-f16`)
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(path)) hash.update(chunk)
      expect(hash.digest('hex')).toBe(family.f16.sha256)
    }
  })

  it('have the sizes that the catalog names, level for level', async () => {
    for (const family of whisperFamilies) {
      for (const level of family.levels) {
        const model = await realSpeechModel(`${family.name}-${level.quantization}`)
        expect(model).toMatchObject({ sizeBytes: level.sizeBytes, quantization: level.quantization })
      }
    }
  })
})

describe('language models that setup made', () => {
  const [recipe] = catalog.language.recipes
  const tags = recipe?.tags.map(({ tag }) => tag) ?? []
  let ollama: OllamaEngine
  let url: string

  beforeAll(async () => {
    ollama = createOllama({
      host: `http://127.0.0.1:${await freePort()}`,
      hostSetByHand: false,
      program: realOllama,
      modelsDir: join(testCacheDir(), 'ollama'),
      log: quietLog(),
    })
    url = await ollama.url()
    const context = {
      cacheDir: testCacheDir(),
      onProgress: () => undefined,
      signal: AbortSignal.timeout(900_000),
    }
    for (const tag of tags) await ensureLanguageModel(tag, url, context)
  }, 900_000)
  afterAll(() => ollama?.stop())

  it('are at the level that their tag names', async () => {
    const installed = await installedLanguageModels(url, AbortSignal.timeout(10_000))
    const levels = new Map(installed.map(model => [model.name, model.quantization]))
    expect(tags.map(tag => [tag, levels.get(tag)])).toEqual(
      tags.map(tag => [
        tag,
        tag.endsWith('fp16')
          ? 'F16'
          : tag
              .slice(tag.lastIndexOf('-') + 1)
              .replace('k', 'K')
              .toUpperCase(),
      ]),
    )
  })

  it.each(tags)('%s answers a question in its chat format and stops by itself', async tag => {
    const answer = await fetch(`${url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({
        model: tag,
        stream: false,
        options: { temperature: 0, seed: 1, num_predict: 60 },
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
      }),
    })
    const { message, done_reason } = (await answer.json()) as {
      message: { content: string }
      done_reason: string
    }
    expect(message.content).toContain('Paris')
    expect(message.content).not.toContain('<|im_')
    expect(done_reason).toBe('stop')
  })
})
