import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { untilAborted } from '../../server/abort.ts'
import { createGate } from '../../server/engines/gate.ts'
import { QuantvoxError } from '../../server/errors.ts'
import { createLanguageModelLeases } from '../../server/llm/lease.ts'
import { respond } from '../../server/llm/respond.ts'
import { leasesAt, testChat } from '../support/engines/leasesAt.ts'
import { chatLine, lastLine, scriptedOllama } from '../support/engines/scriptedOllama.ts'
import { createFakeStages, fakeLanguageModel } from '../support/fakes/fakeStages.ts'
import { languageModelLeaseContract } from './languageModelLease.ts'

languageModelLeaseContract('scripted', async () => {
  const { stages, replying } = createFakeStages()
  return {
    leases: stages.llm,
    host: 'http://127.0.0.1:11434',
    name: fakeLanguageModel.name,
    replying,
    dispose: async () => stages.store.close(),
  }
})

languageModelLeaseContract('over a scripted Ollama', async () => {
  let replying = 0
  const ollama = await scriptedOllama({
    '/api/chat': async response => {
      replying += 1
      response.once('close', () => {
        replying -= 1
      })
      for (let word = 0; word < 20 && !response.destroyed; word++) {
        response.write(chatLine(` ${word}`))
        await sleep(2)
      }
      response.end(lastLine)
    },
  })
  return {
    leases: leasesAt(async () => ollama.url),
    host: ollama.url,
    name: 'm',
    replying: () => replying,
    dispose: ollama.close,
  }
})

test('an Ollama that cannot be found takes no place', async () => {
  let found = false
  const leases = leasesAt(async () => {
    if (!found) throw new Error('nowhere')
    return 'http://127.0.0.1:1'
  })
  const model = { name: 'm', loaded: true, contextTokens: null, remote: null }
  const { signal } = new AbortController()
  await expect(leases.acquire(model, 'a', signal)).rejects.toThrow('nowhere')
  found = true
  expect(await leases.acquire(model, 'a', signal)).toMatchObject({ host: 'http://127.0.0.1:1' })
})

test('whether a message is over is null where that fails, or takes too long', async () => {
  const answers = [Promise.resolve(0.5), Promise.reject(new Error('no')), new Promise<null>(() => {})]
  const leases = leasesAt(
    async () => 'http://127.0.0.1:1',
    respond,
    async (_host, _messages, _options, signal) =>
      await untilAborted(answers.shift() ?? Promise.resolve(null), signal),
  )
  const { signal } = new AbortController()
  const messages = [{ role: 'user' as const, content: 'What is' }]
  const lease = await leases.spare(
    { name: 'm', loaded: true, contextTokens: null, remote: null },
    messages,
    signal,
  )
  if (lease === null) return expect.fail('there was no place')
  expect(await lease.endsHere(messages, 'c', signal)).toBe(0.5)
  expect(await lease.endsHere(messages, 'c', signal)).toBeNull()
  expect(await lease.endsHere(messages, 'c', signal)).toBeNull()
})

test('a reply that failed is told with what became of Ollama', async () => {
  const told: string[] = []
  const leases = createLanguageModelLeases({
    gate: createGate(),
    // Nothing listens there.
    host: async () => 'http://127.0.0.1:1',
    async explain(error, host) {
      told.push(host)
      return new QuantvoxError('engine_failed', 'Ollama died.', { cause: error })
    },
    respond,
    sentenceEnd: async () => null,
    chat: testChat,
  })
  const { signal } = new AbortController()
  const lease = await leases.acquire(
    { name: 'm', loaded: true, contextTokens: null, remote: null },
    'a',
    signal,
  )
  const reply = lease.respond([{ role: 'user', content: 'Hi' }], signal)[Symbol.asyncIterator]()
  await expect(reply.next()).rejects.toMatchObject({
    message: 'Ollama died.',
    cause: { code: 'engine_unavailable' },
  })
  expect(told).toEqual(['http://127.0.0.1:1'])
})
