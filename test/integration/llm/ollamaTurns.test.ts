import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { NOTHING_TO_SAY } from '../../../server/shared/replies/emptyReply.ts'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import {
  chatLine,
  lastLine,
  type ScriptedOllama,
  scriptedOllama,
} from '../../support/engines/scriptedOllama.ts'
import { ask, askText, until } from '../../support/http.ts'
import { createTestApp, type TestApp } from '../../support/testApp.ts'

/** Whole turns with the real LLM stage on a scripted Ollama: what of its failures a client gets to see. */

const tag = {
  name: 'real:1b-q8_0',
  digest: 'd'.repeat(64),
  size: 1000,
  details: { quantization_level: 'Q8_0' },
}
const open: { app: TestApp['app']; ollama: ScriptedOllama }[] = []

async function start(
  chat: (response: ServerResponse) => unknown,
  loaded: object[] = [tag],
  tags: object[] = [tag],
) {
  const json = (value: unknown) => (response: ServerResponse) => response.end(JSON.stringify(value))
  const ollama = await scriptedOllama({
    '/api/tags': json({ models: tags }),
    '/api/ps': json({ models: loaded }),
    '/api/show': json({ modelfile: 'FROM nothing' }),
    '/api/chat': chat,
  })
  const server = await createTestApp()
  const url = async () => ollama.url
  server.stages.llm = leasesAt(url)
  server.stages.languageModel = createLanguageModels(url).find
  server.stages.settings.llmModel = async () => tag.name
  open.push({ app: server.app, ollama })
  return { ...server, ollama }
}
afterEach(async () => {
  for (const { app, ollama } of open.splice(0)) {
    await app.close()
    await ollama.close()
  }
})
const rows = async ({ stages }: TestApp) => (await stages.store.list({}, 100)).items

test('a turn has the figures, the model and the address of its Ollama', async () => {
  const server = await start(response => response.end(chatLine('It is') + chatLine(' ten.') + lastLine))
  const { reply, timings } = (await askText(server.app, { text: 'Hi', voice: 'none' })).json()
  expect(reply).toBe('It is ten.')
  expect(timings.llm).toMatchObject({
    model: tag.name,
    digest: tag.digest,
    quantization: 'Q8_0',
    parameterSize: null,
    host: server.ollama.url,
    loadMs: 20,
    promptTokens: 30,
    cachedPromptTokens: null,
    promptEvalMs: 25,
    outputTokens: 8,
    evalMs: 50,
    tokensPerSecond: 160,
    timePerOutputTokenMs: 6.25,
    residualMs: 5,
    doneReason: 'stop',
    cold: false,
  })
  expect(server.ollama.calls.filter(call => call.path === '/api/chat')[0]?.body).toMatchObject({
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hi' },
    ],
  })
})

test('a turn has the address of its Ollama though finding it takes longer than the reply', async () => {
  const server = await start(response => response.end(chatLine('Yes.') + lastLine))
  server.stages.llm = leasesAt(async () => {
    await sleep(100)
    return server.ollama.url
  })
  const { timings } = (await askText(server.app, { text: 'Hi', voice: 'none' })).json()
  expect(timings.llm.host).toBe(server.ollama.url)
  expect((await rows(server))[0]?.llm.host).toBe(server.ollama.url)
})

const lastLineAfter = (loadMs: number) =>
  lastLine.replace('"load_duration":20000000', `"load_duration":${loadMs * 1e6}`)

test('a turn that paid for a reload with another context window is cold, though its model was loaded', async () => {
  const others = [{ ...tag, context_length: 8192 }]
  const server = await start(response => response.end(chatLine('Yes.') + lastLineAfter(1200)), others)
  for (let turn = 0; turn < 4; turn++)
    expect((await askText(server.app, { text: 'Hi' })).json().timings.llm).toMatchObject({ cold: true })
})

test('a turn that found its model loaded meanwhile is not cold', async () => {
  const server = await start(response => response.end(chatLine('Yes.') + lastLine), [])
  expect((await askText(server.app, { text: 'Hi' })).json().timings.llm.cold).toBe(false)
})

test('a turn whose model is not loaded yet is cold', async () => {
  const server = await start(response => response.end(chatLine('Yes.') + lastLineAfter(400)), [])
  expect((await askText(server.app, { text: 'Hi' })).json().timings.llm.cold).toBe(true)
})

test('thinking is timed and neither spoken nor shown', async () => {
  const server = await start(async response => {
    response.write(chatLine('<think>Hm,'))
    await sleep(30)
    response.end(chatLine(' well.</think>') + chatLine('\nYes.') + lastLine)
  })
  const { reply, timings } = (await askText(server.app, { text: 'Hi' })).json()
  expect([reply, server.calls]).toEqual(['Yes.', ['speak Yes.']])
  expect(timings.llm.thinkingMs).toBeGreaterThan(10)
})

describe('a reply that says nothing', () => {
  test.each([
    ['is empty', ''],
    ['is blank', '  \n\n '],
    ['is only thinking', '<think>a b c'],
    ['is a call of a tool', '{"name":"HassTurnOn","parameters":{"name":"lamp"}}'],
  ])('because it %s is told as such, is heard, and is not remembered', async (_why, text) => {
    const server = await start(response => response.end(chatLine(text) + lastLine))
    const response = await askText(server.app, { text: 'Hi', conversationId: 'c' })
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      { reply: '', audio: { durationMs: 300 }, timings: { outcome: 'completed', errorCode: 'empty_reply' } },
    ])
    expect(server.calls).toEqual([`speak ${NOTHING_TO_SAY}`])
    expect(await rows(server)).toMatchObject([{ errorCode: 'empty_reply', reply: '', heardText: '' }])
    expect(server.stages.conversations.open('c').turns()).toEqual([])
  })

  test('that any voice could say is shown, and something is heard all the same', async () => {
    const server = await start(response => response.end(chatLine('🙂') + lastLine))
    const { reply, timings } = (await askText(server.app, { text: 'Hi' })).json()
    expect([reply, timings.errorCode, server.calls]).toEqual(['🙂', null, [`speak ${NOTHING_TO_SAY}`]])
  })
})

test('a thought that nothing opened is taken back, and known as one from the next reply on', async () => {
  const server = await start(async response => {
    response.write(chatLine('Let me see.'))
    await sleep(30)
    response.end(chatLine(' Hm.</think>') + chatLine('\n\nYes.') + lastLine)
  })
  const ask = async () => (await askText(server.app, { text: 'Hi', conversationId: 'c' })).json()
  const [first, second] = [await ask(), await ask()]
  expect([first.reply, second.reply]).toEqual(['Yes.', 'Yes.'])
  expect(second.timings.llm.thinkingMs).toBeGreaterThan(10)
  expect(server.calls.filter(call => call === 'speak Yes.')).toHaveLength(2)
  expect(server.calls.filter(call => call.includes('see'))).toHaveLength(1)
  expect(server.stages.conversations.open('c').turns()).toMatchObject([{ heard: 'Yes.' }, { heard: 'Yes.' }])
})

test('a model that goes on behind its end is left, and its place is free', async () => {
  const server = await start(response => {
    response.write(chatLine('Sure.<|eot_id|>'))
    const more = setInterval(() => response.write(chatLine('User: and?')), 5)
    response.once('close', () => clearInterval(more))
  })
  expect((await askText(server.app, { text: 'Hi' })).json()).toMatchObject({ reply: 'Sure.' })
  await until(() => server.ollama.calls.some(({ path, hungUp }) => path === '/api/chat' && hungUp))
})

describe.each<[string, (response: ServerResponse) => unknown, number, string, string | null]>([
  ['answers 500', r => r.writeHead(500).end('{"error":"runner died"}'), 502, 'engine_failed', ''],
  ['answers 404', r => r.writeHead(404).end('{"error":"model not found"}'), 404, 'model_not_found', ''],
  ['answers garbage', r => r.end('garbage\n'), 502, 'engine_failed', ''],
  ['ends too early', r => r.end(chatLine('It is')), 502, 'engine_failed', 'It is'],
  [
    'dies in the middle',
    async r => {
      r.write(chatLine('It is'))
      await sleep(20)
      r.destroy()
    },
    502,
    'engine_failed',
    'It is',
  ],
  ['hangs up', r => r.destroy(), 503, 'engine_unavailable', ''],
])('an Ollama that %s', (_what, chat, status, code, reply) => {
  test('gives the client a problem and the turn its row', async () => {
    const server = await start(chat)
    const response = await askText(server.app, { text: 'Hi', voice: 'none' })
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect(await rows(server)).toEqual([
      expect.objectContaining({
        turnId: response.json().turnId,
        outcome: 'failed',
        errorCode: code,
        transcript: 'Hi',
        reply,
      }),
    ])
  })
})

describe('nothing that is said leaves the machine', () => {
  test('a model that runs elsewhere is refused, and gets nothing', async () => {
    const cloud = { ...tag, name: 'big:120b-cloud', remote_host: 'https://ollama.com:443' }
    const server = await start(response => response.end(chatLine('Yes.') + lastLine), [], [tag, cloud])
    const response = await askText(server.app, { text: 'Hi', llmModel: 'big:120b-cloud' })
    expect([response.statusCode, response.json().code]).toEqual([403, 'remote_model_refused'])
    expect(server.ollama.calls.filter(({ path }) => /chat|generate/.test(path))).toEqual([])
    expect(await rows(server)).toMatchObject([{ outcome: 'failed', llm: { model: 'big:120b-cloud' } }])
  })

  test('where it is allowed no turn pays for a load that there is not', async () => {
    const cloud = { ...tag, name: 'big:120b-cloud', remote_host: 'https://ollama.com:443' }
    const last = lastLine.replace(/"load_duration":\d+,/, '')
    const server = await start(response => response.end(chatLine('Yes.') + last), [], [cloud])
    server.stages.languageModel = createLanguageModels(async () => server.ollama.url, true).find
    const { timings } = (await askText(server.app, { text: 'Hi', llmModel: cloud.name })).json()
    expect(timings).toMatchObject({ outcome: 'completed', llm: { cold: false, loadMs: null } })
  })

  test('whole turns connect to this machine only', async () => {
    const reached: (string | undefined)[] = []
    const onSocket = (message: unknown) => {
      const { socket } = message as { socket: Socket }
      socket.once('lookup', (_error, address) => reached.push(address))
      socket.once('connect', () => reached.push(socket.remoteAddress))
    }
    subscribe('net.client.socket', onSocket)
    try {
      const server = await start(response => response.end(chatLine('Yes.') + lastLine))
      expect((await askText(server.app, { text: 'Hi' })).json().reply).toBe('Yes.')
      expect((await ask(server.app)).json().reply).toBe('Yes.')
    } finally {
      unsubscribe('net.client.socket', onSocket)
    }
    expect(reached.length).toBeGreaterThan(0)
    expect(new Set(reached)).toEqual(new Set(['127.0.0.1']))
  })
})

test('the record has one name of a model, however it was asked for', async () => {
  const server = await start(response => response.end(chatLine('Yes.') + lastLine))
  for (const llmModel of ['REAL:1b-q8_0', 'library/real:1b-q8_0', 'registry.ollama.ai/library/real:1b-q8_0'])
    await askText(server.app, { text: 'Hi', llmModel })
  expect((await rows(server)).map(({ llm }) => llm.model)).toEqual([tag.name, tag.name, tag.name])
})

test('a tag that is not installed is not asked for', async () => {
  const server = await start(response => response.end(lastLine))
  const response = await askText(server.app, { text: 'Hi', llmModel: 'real:1b-q4_0' })
  expect([response.statusCode, response.json().code]).toEqual([404, 'model_not_found'])
  expect(response.json().meaning).toContain(tag.name)
  expect(response.json().mend).toContain('npx quantvox models pull real:1b-q4_0')
  expect(server.ollama.calls.map(call => call.path)).not.toContain('/api/chat')
})

test.each([
  ['before the first token', false],
  ['in the middle of the reply', true],
])('a client that leaves %s makes Ollama stop within a second', async (_when, speaks) => {
  const server = await start(response => speaks && response.write(chatLine('It is')))
  const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
  const leave = new AbortController()
  const asking = fetch(`${url}/v1/turns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ text: 'Hi' }),
    signal: leave.signal,
  })
  const chatCall = () => server.ollama.calls.find(call => call.path === '/api/chat')
  if (speaks) await (await asking).body?.getReader().read()
  else {
    asking.catch(() => {})
    await until(() => chatCall() !== undefined)
  }
  leave.abort()
  await until(() => chatCall()?.hungUp === true, 1_000)
  await until(async () => (await rows(server)).length === 1, 1_000)
  expect((await rows(server))[0]).toMatchObject({ outcome: 'interrupted', reply: speaks ? 'It is' : '' })
})

test('a question longer than the context window is context_exceeded, and Ollama is not asked', async () => {
  const server = await start(response => response.end(lastLine))
  const response = await askText(server.app, { text: 'many words '.repeat(5_000) })
  expect([response.statusCode, response.json().code]).toEqual([422, 'context_exceeded'])
  expect((await rows(server))[0]).toMatchObject({ outcome: 'failed', errorCode: 'context_exceeded' })
  expect(server.ollama.calls.map(call => call.path)).not.toContain('/api/chat')
})
