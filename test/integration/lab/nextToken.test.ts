import { afterEach, expect, test } from 'vitest'
import { createModelProbe } from '../../../server/llm/probe.ts'
import { testChat } from '../../support/engines/leasesAt.ts'
import { type ScriptedOllama, scriptedOllama } from '../../support/engines/scriptedOllama.ts'

let ollama: ScriptedOllama

afterEach(() => ollama.close())

async function nextToken(answer: object) {
  ollama = await scriptedOllama({
    '/api/generate': response => response.end(JSON.stringify({ model: 'm', ...answer })),
  })
  const probe = createModelProbe(async () => ollama.url, testChat)
  return probe.nextToken('One, two', 'm', new AbortController().signal)
}

test('a token comes with its rivals', async () => {
  const top_logprobs = [
    { token: ' three', logprob: -0.1 },
    { token: ' four', logprob: -2.4 },
  ]
  const logprobs = [{ ...top_logprobs[0], top_logprobs }]
  expect(await nextToken({ response: ' three', done: true, logprobs })).toEqual({
    chosen: ' three',
    top: top_logprobs,
  })
})

test('a model that ends its text at once has chosen to, without likelihoods', async () => {
  expect(await nextToken({ response: '', done: true, done_reason: 'stop' })).toEqual({
    chosen: null,
    top: [],
  })
})

test('an Ollama too old to tell likelihoods tells nothing', async () => {
  expect(await nextToken({ response: ' three', done: true, done_reason: 'length' })).toBeNull()
})

test('what is no answer of Ollama is one', async () => {
  await expect(nextToken({ response: ' three' })).rejects.toThrow(/does not speak Ollama's protocol/)
})
