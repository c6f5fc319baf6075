import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'
import { startTestApp } from '../../support/testApp.ts'

/** Half a gigabyte. */
const python = pythonWith('pipecat-ai[openai]==1.14.0', 'websockets')

test('pipecat’s Realtime service asks aloud, interrupts, and meets no error', async context => {
  const program = python()
  if (program === null) return context.skip()
  const server = await startLiveServer()
  try {
    const script = join(import.meta.dirname, 'pipecat_realtime.py')
    const url = `${server.url.replace('http', 'ws')}/v1/realtime`
    const { stdout } = await promisify(execFile)(program, [script, url, clip('azure-weather')])
    const seen = JSON.parse(stdout)
    expect(seen).toMatchObject({ errors: [], rate: 24_000 })
    expect(seen.transcripts).toHaveLength(2)
    expect(charactersWrong("What's the weather like?", seen.transcripts[0])).toBeLessThan(HEARD_WELL)
    expect(seen.audioBytes).toBeGreaterThan(24_000)
    expect(seen.interruptions).toBeGreaterThan(0)
  } finally {
    await server.stop()
  }
})

test('pipecat’s services for hearing, over REST and as a transcription session, and for speech do', async context => {
  const program = python()
  if (program === null) return context.skip()
  const key = 'a-key-of-some-length'
  const server = await startLiveServer({ AUTH_TOKEN: key })
  try {
    const script = join(import.meta.dirname, 'pipecat_services.py')
    const base = `${new URL(server.url).origin}/v1` // the start line has the token behind it
    const { stdout } = await promisify(execFile)(program, [script, base, key, clip('azure-weather')])
    const { rest, session, speech } = JSON.parse(stdout)
    for (const { transcripts, errors } of [rest, session]) {
      expect([transcripts, errors]).toEqual([[expect.any(String)], []])
      expect(charactersWrong("What's the weather like?", transcripts[0])).toBeLessThan(HEARD_WELL)
    }
    expect(speech).toMatchObject({ rate: 24_000, errors: [] })
    expect(speech.audioBytes).toBeGreaterThan(24_000)
    const answer = await fetch(`${base}/turns`, { headers: { authorization: `Bearer ${key}` } })
    const { items } = (await answer.json()) as { items: { source: string; outcome: string }[] }
    expect(items.map(({ source, outcome }) => `${source} ${outcome}`).toSorted()).toEqual([
      ...['openai completed', 'openai completed', 'realtime completed'],
    ])
  } finally {
    await server.stop()
  }
})

test('pipecat’s service for language models has a function called, and asks again with what it gave', async context => {
  const program = python()
  if (program === null) return context.skip()
  const key = 'a-key-of-some-length'
  const { app, stages } = await startTestApp({ settings: { AUTH_TOKEN: key } })
  // Scripted, as it offers the function again with what it gave, and small models call it again then.
  stages.llm = leasesAt(
    async () => 'http://127.0.0.1:1',
    async function* (_host, prompt) {
      const last = prompt.at(-1)
      if (last?.role === 'tool') yield { type: 'text', text: `It is ${last.content}.` }
      else
        yield { type: 'tool-call', call: { id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } } }
    },
  )
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1`
  const script = join(import.meta.dirname, 'pipecat_functions.py')
  const { stdout } = await promisify(execFile)(program, [script, url, key])
  const seen = JSON.parse(stdout)
  expect(seen).toMatchObject({ calls: [['get_weather', { city: 'Paris' }]], errors: [] })
  expect(seen.reply).toMatch(/^It is .*rainy.*\.$/s)
  const { items } = await stages.store.list({}, 10)
  expect(items.map(({ source, outcome, reply }) => [source, outcome, reply])).toEqual([
    ['openai', 'completed', seen.reply],
    ['openai', 'completed', ''],
  ])
})
