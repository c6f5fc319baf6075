import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'

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
