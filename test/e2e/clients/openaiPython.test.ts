import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { joinSamples, toBytes } from '../../../server/audio/pcm.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'
import { clipAt24, REALTIME_RATE } from '../../support/realtime/microphone.ts'

const run = promisify(execFile)
const key = 'a-key-of-some-length'
const python = pythonWith('openai==3.57.0', 'openai-agents==0.24.0', 'websockets')

test('OpenAI’s client for Python transcribes, chats, speaks and lists', async context => {
  const program = python()
  if (program === null) return context.skip()
  const server = await startLiveServer({ AUTH_TOKEN: key })
  try {
    const script = join(import.meta.dirname, 'pythonClient.py')
    const url = `${new URL(server.url).origin}/v1`
    const { stdout } = await run(program, [script, url, key, clip('azure-weather')])
    const { text, words, reply, tokens, spokenBytes, code, models } = JSON.parse(stdout)
    expect(charactersWrong("What's the weather like?", text)).toBeLessThan(HEARD_WELL)
    expect(words.join(' ')).toBe(text)
    expect([/\w/.test(reply), tokens > 0, code]).toEqual([true, true, 'model_not_found'])
    // 24 kHz, 16 bit: something between half a second and three.
    expect(spokenBytes).toBeGreaterThan(24_000)
    expect(spokenBytes).toBeLessThan(144_000)
    expect(models).toContain('whisper-1')
  } finally {
    await server.stop()
  }
})

test('OpenAI’s client for Python has a function called by a real model, answers it, and leaves two rows', async context => {
  const program = python()
  if (program === null) return context.skip()
  // As in functions.test.ts: the smallest that is here and can, asked so that it does.
  const model = 'qwen2.5-coder:0.5b-instruct-q4_K_M'
  const server = await startLiveServer({ AUTH_TOKEN: key, LLM_MODEL: model, TEMPERATURE: '0' })
  try {
    const script = join(import.meta.dirname, 'python_functions.py')
    const url = `${new URL(server.url).origin}/v1`
    const { stdout } = await run(program, [script, url, key])
    const seen = JSON.parse(stdout)
    expect(seen).toMatchObject({
      called: ['tool_calls', null, 'function', 'get_weather'],
      arguments: { city: expect.any(String) },
      ...{ reply: expect.stringMatching(/\w/), finish: expect.stringMatching(/^(?:stop|length)$/) },
    })
    const answer = await fetch(`${url}/turns`, { headers: { authorization: `Bearer ${key}` } })
    const { items } = (await answer.json()) as { items: StoredTurn[] }
    expect(items.map(({ source, outcome, reply, llm }) => [source, outcome, reply, llm.model])).toEqual([
      ['openai', 'completed', seen.reply, model],
      ['openai', 'completed', '', model],
    ])
  } finally {
    await server.stop()
  }
})

test('the realtime session of openai-agents asks aloud, has a function called, and reads every event', async context => {
  const program = python()
  if (program === null) return context.skip()
  const activity = await createVoiceActivity()
  const live = await createLiveApp({ activity, settings: { AUTH_TOKEN: key } })
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-agents-'))
  try {
    // Scripted, as small models call functions by chance.
    live.stages.llm = leasesAt(
      async () => 'http://127.0.0.1:1',
      async function* (_host, prompt) {
        const last = prompt.at(-1)
        const place = { place: 'Paris' }
        if (last?.role === 'tool') yield { type: 'text', text: `It is ${last.content}.` }
        else if (last?.content.includes('Paris'))
          yield { type: 'tool-call', call: { id: 'call_1', name: 'weather', arguments: place } }
        else yield { type: 'text', text: 'It is ten past nine.' }
      },
    )
    const path = join(folder, 'question.pcm')
    const question = await clipAt24(clip('azure-weather'))
    await writeFile(path, toBytes(joinSamples([question, new Int16Array(REALTIME_RATE)])))
    const url = `${(await live.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')}/v1/realtime`
    const script = join(import.meta.dirname, 'agents_realtime.py')
    const { stdout } = await run(program, [script, url, key, path])
    const { errors, places, audioBytes, history } = JSON.parse(stdout)
    expect([errors, places]).toEqual([[], ['Paris']])
    expect(audioBytes).toBeGreaterThan(10_000)
    expect(JSON.stringify(history)).toMatch(/What is the time.*ten past nine.*Paris.*It is rainy/)
    const { items } = await live.stages.store.list({}, 10)
    expect(items.map(({ source, outcome }) => [source, outcome])).toContainEqual(['realtime', 'completed'])
  } finally {
    await live.app.close()
    await rm(folder, { recursive: true })
  }
})
