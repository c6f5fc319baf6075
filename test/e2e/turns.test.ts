import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeAudio } from '../../server/audio/decodeAudio.ts'
import { descendantsOf, listProcesses } from '../../server/engines/processes.ts'
import { ServerInfo } from '../../server/protocol/info.ts'
import { TurnPage } from '../../server/protocol/turnQueries.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { answerOf, askClip, askText, clip, type LiveServer, startLiveServer } from '../support/liveServer.ts'

const weather = "What's the weather like?"
const inaugural =
  'And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country.'

let server: LiveServer
beforeAll(async () => {
  server = await startLiveServer()
})
afterAll(() => server.stop())

const turns = async (query: string): Promise<TurnPage> => {
  const body: unknown = await (await fetch(`${server.url}/v1/turns?${query}`)).json()
  Value.Assert(TurnPage, body)
  return body
}

/** Pids of this server's own engines by a word of their command line. */
const enginePids = async (word: string): Promise<number[]> => {
  const own = descendantsOf(server.pid, await listProcesses())
  return own.filter(({ command }) => command[0]?.includes(word)).map(({ pid }) => pid)
}

test('info says what runs here', async () => {
  const info: unknown = await (await fetch(`${server.url}/v1/info`)).json()
  Value.Assert(ServerInfo, info)
  expect(info.engines.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['ollama', 'moonshine', 'flite']),
  )
  expect(info.engines.find(({ name }) => name === 'moonshine')?.version).toMatch(/^\d/)
  expect(info.defaults).toMatchObject({ speechModel: 'moonshine-base.en-int8', llmModel: expect.any(String) })
})

describe('a recorded question', () => {
  test('is transcribed, answered and timed by real engines', async () => {
    const { transcript, reply, timings } = await answerOf(askClip(server.url, clip('azure-weather')))
    expect(charactersWrong(weather, transcript)).toBeLessThan(HEARD_WELL)
    expect(reply.length).toBeGreaterThan(0)
    expect(timings).toMatchObject({
      outcome: 'completed',
      source: 'rest',
      speech: { model: 'moonshine-base.en-int8', quantization: 'int8', passes: 1, cold: false },
      llm: { cold: false },
    })
    const { fromSpeechEnd, speech, llm, memory } = timings
    expect(fromSpeechEnd.transcriptMs).toBeLessThan(fromSpeechEnd.firstTokenMs ?? 0)
    expect(fromSpeechEnd.firstTokenMs).toBeLessThan(fromSpeechEnd.replyDoneMs ?? 0)
    expect(speech.inferenceMs).toBeLessThan(fromSpeechEnd.transcriptMs ?? 0)
    expect(speech.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(llm.outputTokens).toBeGreaterThan(0)
    expect(llm.quantization).not.toBeNull()
    expect(memory.speechResidentBytes).toBeGreaterThan(50e6)
    expect(memory.llmResidentBytes).toBeGreaterThan(50e6)
  })

  test('gets a spoken reply by link, and the voice says the reply', async () => {
    const spoken = await answerOf(askText(server.url, 'Say hello.', { voice: 'flite:slt' }))
    const wav = await fetch(`${server.url}${spoken.audio?.url}`)
    expect(wav.headers.get('content-type')).toBe('audio/wav')
    const bytes = Buffer.from(await wav.arrayBuffer())
    const audio = await decodeAudio(bytes, { maxBytes: 1e8, maxSeconds: 600 }, AbortSignal.timeout(10_000))
    expect(audio.durationMs).toBeCloseTo(spoken.audio?.durationMs ?? 0, -1)
    expect(audio.samples.some(sample => Math.abs(sample) > 1000)).toBe(true)
    const { synthesis, fromSpeechEnd } = spoken.timings
    expect(synthesis).toMatchObject({ voice: 'flite:slt', audioMs: spoken.audio?.durationMs })
    expect(fromSpeechEnd.firstAudioMs).toBeGreaterThan(
      fromSpeechEnd.firstClauseMs ?? Number.POSITIVE_INFINITY,
    )
  })

  test('without speech ends as no-speech and asks nobody', async () => {
    const { reply, timings } = await answerOf(askClip(server.url, clip('nonspeech-pink-noise')))
    expect(reply).toBe('')
    expect(timings).toMatchObject({ outcome: 'no-speech', llm: { outputTokens: null } })
  })

  test('that refers to the one before is asked with it', async () => {
    const first = await answerOf(askText(server.url, 'My name is Ada.'))
    const second = await answerOf(
      askText(server.url, 'What is my name?', { conversationId: first.conversationId }),
    )
    const alone = await answerOf(askText(server.url, 'What is my name?'))
    expect(second.timings.llm.promptTokens).toBeGreaterThan(alone.timings.llm.promptTokens ?? 0)
  })
})

describe('every quantization level', () => {
  test.each(['f16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0'])(
    'of the speech model transcribes: %s',
    async level => {
      const speechModel = `whisper-tiny.en-${level}`
      const { transcript, timings } = await answerOf(
        askClip(server.url, clip('jfk-inaugural'), { speechModel }),
      )
      expect(timings.speech).toMatchObject({ model: speechModel, quantization: level })
      expect(charactersWrong(inaugural, transcript)).toBeLessThan(HEARD_WELL)
    },
  )

  test.each([
    ['fp16', 'F16'],
    ['q8_0', 'Q8_0'],
    ['q4_K_M', 'Q4_K_M'],
    ['q4_1', 'Q4_1'],
  ])('of the language model answers: %s', async (level, quantization) => {
    const name = `smollm2:135m-instruct-${level}`
    await (
      await fetch(`${server.url}/v1/models/language/pull`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ name }),
      })
    ).text()
    const { reply, timings } = await answerOf(
      askText(server.url, 'What colour is the sky?', { llmModel: name }),
    )
    expect(timings.llm).toMatchObject({ model: name, quantization })
    expect(reply.length).toBeGreaterThan(0)
  })
})

describe('when something breaks', () => {
  test('a whisper-server that dies in the middle fails its turn only, and the next one works', async () => {
    // Loaded first, so that the kill meets the request and not the loading, which is tried again.
    const speechModel = 'whisper-tiny.en-f16'
    await answerOf(askClip(server.url, clip('azure-weather'), { speechModel }))
    const asked = askClip(server.url, clip('jfk-inaugural'), { speechModel })
    await sleep(150)
    for (const pid of await enginePids('whisper-server')) process.kill(pid, 'SIGKILL')
    const response = await asked
    const problem = (await response.json()) as { code: string; turnId: string }
    expect(response.status).toBe(502)
    expect(problem.code).toBe('engine_failed')
    const row = await (await fetch(`${server.url}/v1/turns/${problem.turnId}`)).json()
    expect(row).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
    const next = await answerOf(askClip(server.url, clip('azure-weather'), { speechModel }))
    expect(next.timings.outcome).toBe('completed')
  })

  test('an Ollama that is killed comes back for the next turn', async () => {
    for (const pid of await enginePids('ollama')) process.kill(pid, 'SIGKILL')
    await expect
      .poll(async () => (await askText(server.url, 'Are you there?')).status, {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(200)
  })

  test('a client that leaves stops the reply, and the row says interrupted', async () => {
    const conversationId = `left-${process.pid}`
    const leaving = new AbortController()
    const asked = askText(
      server.url,
      'Tell me a very long story about the sea.',
      { conversationId },
      leaving.signal,
    )
    asked.catch(() => {})
    await sleep(400)
    leaving.abort()
    await expect
      .poll(
        async () => (await turns(`conversationId=${conversationId}`)).items.map(({ outcome }) => outcome),
        { timeout: 5_000 },
      )
      .toEqual(['interrupted'])
    // Ollama takes one request at a time here: it answers because it has stopped the story.
    const next = await answerOf(askText(server.url, 'Say yes.'))
    expect(next.timings.outcome).toBe('completed')
  })
})
