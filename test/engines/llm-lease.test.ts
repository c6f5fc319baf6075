import { afterAll, beforeAll } from 'vitest'
import type { OllamaEngine } from '../../server/engines/ollama/ollama.ts'
import { languageModelLeaseContract } from '../contract/languageModelLease.ts'
import { leasesAt } from '../support/engines/leasesAt.ts'
import { ownOllama, realLanguageModel } from '../support/engines/realEngines.ts'
import { recordingOllama } from '../support/engines/recordingOllama.ts'

const tag = 'smollm2:135m-instruct-q4_K_M'
let ollama: OllamaEngine

beforeAll(async () => {
  ollama = await ownOllama()
  await realLanguageModel(tag, await ollama.url())
}, 900_000)

afterAll(() => ollama?.stop())

languageModelLeaseContract('over a real Ollama', async () => {
  const { url, replying, close } = await recordingOllama(await ollama.url())
  return { leases: leasesAt(async () => url), host: url, name: tag, replying, dispose: close }
})
