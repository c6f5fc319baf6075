import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  listModels,
  type ModelsOptions,
  pullModel,
  removeModel,
} from '../../../scripts/commands/models/models.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { onlyPrograms } from '../../support/setup/fakePrograms.ts'
import { startTestApp } from '../../support/testApp.ts'

let root: string
let printed: string
let options: ModelsOptions
let restorePath: () => void

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'commands-'))
  restorePath = await onlyPrograms(join(root, 'bin'), {})
  printed = ''
  options = {
    cacheDir: join(root, 'cache'),
    wakeDir: null,
    ollama: { host: `http://127.0.0.1:${await freePort()}`, setByHand: false },
    server: { url: `http://127.0.0.1:${await freePort()}`, token: null },
    json: false,
    out: {
      write: (text: string) => {
        printed += text
        return true
      },
    },
    signal: AbortSignal.timeout(10_000),
  }
})
afterEach(async () => {
  restorePath()
  await rm(root, { recursive: true, force: true })
})

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof QuantvoxError ? error.code : String(error)),
  )

it('models can be listed on a machine that has nothing yet, and nothing is fetched for it', async () => {
  await listModels({ ...options, json: true })
  const { speech, language } = JSON.parse(printed)
  expect(speech).toHaveLength(23)
  expect([...speech, ...language].some((model: { installed: boolean }) => model.installed)).toBe(false)
  expect(language.map((model: { name: string }) => model.name)).toContain('smollm2:135m-instruct-q4_K_M')
})

it('models are listed as a table for a person', async () => {
  await listModels(options)
  expect(printed).toMatch(/^Speech models\nNAME +LEVEL +PARAMETERS +SIZE +LICENCE\n/)
  expect(printed).toMatch(/^whisper-tiny\.en-q8_0 +q8_0 +39M +43\.6 MB +not installed +MIT$/m)
})

it('a language model that is not here is listed with its licence and what is to be expected of it, and from what that is reckoned', async () => {
  await listModels(options)
  const row =
    /^qwen2\.5-coder:0\.5b-instruct-q4_K_M +q4_K_M +494M +491 MB +691 MB( \(too much\))? +≤ ([\d.]+) +not installed +Apache-2\.0$/m
  const atMost = Number(row.exec(printed)?.[2])
  const [, rate = '', unit] =
    /bandwidth of this machine's memory, ([\d.]+) (GB|MB) a second/.exec(printed) ?? []
  const bytesPerSecond = Number(rate) * (unit === 'GB' ? 1e9 : 1e6)
  expect(atMost / (bytesPerSecond / 491400064)).toBeCloseTo(1, 1)
  expect(printed).toMatch(/^llama3\.2:1b-instruct-q8_0 .* 1\.32 GB .* Llama 3\.2 Community License$/m)
})

it('what is not installed cannot be removed, and a misspelt speech model cannot be pulled', async () => {
  expect(await codeOf(removeModel('whisper-base-q4_0', options))).toBe('model_not_found')
  expect(await codeOf(removeModel('llama3.2', options))).toBe('model_not_found')
  expect(await codeOf(removeModel('whisper-bass-q4_0', options))).toBe('model_not_found')
  expect(await codeOf(pullModel('whisper-tiny.en-q9_0', options))).toBe('model_not_found')
  expect(printed).toBe('')
})

it('a wake word is listed with its licence, and pulled by nobody who has not accepted it', async () => {
  await listModels(options)
  expect(printed).toMatch(/^wake:hey-jarvis .* 1\.27 MB +not installed +CC-BY-NC-SA-4\.0$/m)
  const refused = pullModel('wake:hey-jarvis', options)
  await expect(refused).rejects.toMatchObject({
    code: 'licence_not_accepted',
    message: expect.stringMatching(/CC-BY-NC-SA-4\.0 \(https:/),
    mend: expect.stringMatching(/models pull wake:hey-jarvis --accept-licence/),
  })
  expect(await codeOf(pullModel('wake:hey-jarvus', options, true))).toBe('model_not_found')
  expect(await codeOf(removeModel('wake:hey-jarvis', options))).toBe('model_not_found')
})

it('an Ollama that was named by hand and does not answer is an error, not an empty list', async () => {
  expect(await codeOf(listModels({ ...options, ollama: { ...options.ollama, setByHand: true } }))).toBe(
    'engine_unavailable',
  )
})

it('what a running server has is removed by the server, which knows what is in use', async () => {
  const asked: string[] = []
  const { app } = await startTestApp({
    settings: { AUTH_TOKEN: 'a-token-of-16-letters' },
    dependencies: {
      removeSpeechModel: async name => void asked.push(name),
      removeLanguageModel: () =>
        Promise.reject(new QuantvoxError('invalid_state', 'fake:1b cannot be removed: it is loaded.')),
    },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const served = { ...options, server: { url, token: 'a-token-of-16-letters' } }
  await removeModel('whisper-base-q4_0', served)
  expect([asked, printed]).toEqual([['whisper-base-q4_0'], 'whisper-base-q4_0 is removed.\n'])
  await expect(removeModel('fake:1b', served)).rejects.toMatchObject({
    code: 'invalid_state',
    message: 'fake:1b cannot be removed: it is loaded.',
  })
})
