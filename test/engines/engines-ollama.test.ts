import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OllamaEngine } from '../../server/engines/ollama/ollama.ts'
import { descendantsOf, listProcesses } from '../../server/engines/processes.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import { ownOllama, realLanguageModel } from '../support/engines/realEngines.ts'

const tag = 'smollm2:135m-instruct-q4_K_M'
let ollama: OllamaEngine

beforeAll(async () => {
  ollama = await ownOllama()
  await realLanguageModel(tag, await ollama.url())
}, 900_000)

afterAll(() => ollama?.stop())

async function generate(url: string): Promise<{ response: string }> {
  const body = JSON.stringify({ model: tag, prompt: 'Say yes.', stream: false, options: { num_predict: 4 } })
  const answer = await fetch(`${url}/api/generate`, { method: 'POST', body })
  expect(answer.status).toBe(200)
  return (await answer.json()) as { response: string }
}

async function weightsDigest(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/show`, { method: 'POST', body: JSON.stringify({ model: tag }) })
  const { modelfile } = (await answer.json()) as { modelfile: string }
  return /^FROM .*(sha256-[0-9a-f]{64})$/m.exec(modelfile)?.[1] ?? ''
}

describe('an Ollama of our own', () => {
  it('answers, and tells what its runner holds, of this model only', async () => {
    const url = await ollama.url()
    expect(ollama.owned()).toBe(true)
    expect(await ollama.version()).toMatch(/^\d+\.\d+/)
    expect((await generate(url)).response).not.toBe('')
    const digest = await weightsDigest(url)
    // The file is about 100 MB.
    expect(await ollama.runnerMemory(digest)).toBeGreaterThan(60_000_000)
    expect(await ollama.runnerMemory(digest)).toBeLessThan(2_000_000_000)
    expect(await ollama.runnerMemory('0'.repeat(64))).toBeNull()
  })

  it('killed by hand takes its runner along, and the next question is answered', async () => {
    await generate(await ollama.url())
    const pid = ollama.status().pid ?? 0
    const runners = descendantsOf(pid, await listProcesses()).filter(info => info.command[1] === 'runner')
    expect(runners).toHaveLength(1)
    process.kill(pid, 'SIGKILL')
    while ((await processIdentity(runners[0]?.pid ?? 0)) !== null) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    expect((await generate(await ollama.url())).response).not.toBe('')
    expect(ollama.status().pid).not.toBe(pid)
  })
})
