import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { findOnPath } from '../../../server/setup/index.ts'
import { until } from '../../support/http.ts'
import { openAiEvents, postJson, rowOf } from '../../support/openai.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const input = 'It is ten past nine. Good evening.'
const url = '/v1/audio/speech'
const start = (script = {}, settings = {}) => startTestApp({ script, settings })
const say = (server: TestApp, body: object = {}) =>
  postJson(server, url, { model: 'tts-1', voice: 'alloy', input, ...body })
const decoded = (bytes: Buffer) =>
  decodeAudio(bytes, { maxBytes: 1e8, maxSeconds: 60 }, new AbortController().signal)

/** Without ffmpeg on PATH, as in CI, what is held against it is left out. */
const withFfmpeg = (await findOnPath('ffmpeg')) === null ? () => {} : describe

withFfmpeg('formats, as ffmpeg reads them', () => {
  // Report 7: the type was not that of the body. LibreChat leaves the format out and takes it for MP3.
  test.each([
    [undefined, 'audio/mpeg', 'mp3'],
    ['mp3', 'audio/mpeg', 'mp3'],
    ['opus', 'audio/ogg', 'ogg'],
    ['wav', 'audio/wav', 'wav'],
    ['flac', 'audio/flac', 'flac'],
    ['aac', 'audio/aac', 'aac'],
  ])('%s is %s in truth', async (response_format, type, container) => {
    const answer = await say(await start(), { response_format })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, type])
    const sound = await decoded(answer.rawPayload)
    expect(sound.sourceFormat.toLowerCase()).toContain(container)
    // Two clauses of 300 ms.
    expect(sound.durationMs).toBeGreaterThan(550)
    expect(sound.durationMs).toBeLessThan(750)
  })

  test('as events: pieces of MP3, the end', async () => {
    const answer = await say(await start(), { stream_format: 'sse' })
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const events = openAiEvents(answer.body)
    expect(events.at(-1)).toEqual({
      type: 'speech.audio.done',
      usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
    })
    const pieces = events.slice(0, -1)
    expect(new Set(pieces.map(({ type }) => type))).toEqual(new Set(['speech.audio.delta']))
    const bytes = Buffer.concat(pieces.map(({ audio }) => Buffer.from(String(audio), 'base64')))
    expect((await decoded(bytes)).sourceFormat).toContain('mp3')
  })
})

describe('POST /v1/audio/speech', () => {
  test('without ffmpeg, what takes it is refused with what does not', async () => {
    vi.stubEnv('PATH', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    const answer = await say(await start(), { response_format: 'flac' })
    expect([answer.statusCode, answer.json().error.param]).toEqual([400, 'response_format'])
    expect(answer.json().error.message).toContain('mp3, opus, wav or pcm')
  })

  // Report 6: pcm had the rate of the engine, or a header.
  test('pcm is 24 kHz without a header, whatever the voice speaks at', async () => {
    const answer = await say(await start(), { response_format: 'pcm' })
    expect(answer.headers['content-type']).toBe('audio/pcm;rate=24000;channels=1')
    expect(Math.abs(answer.rawPayload.length / 2 / 24_000 - 0.6)).toBeLessThan(0.01)
    expect(answer.rawPayload.includes('RIFF')).toBe(false)
  })

  // Report 8: a header for every piece.
  test('wav has one header', async () => {
    const { rawPayload } = await say(await start(), { response_format: 'wav' })
    expect([rawPayload.indexOf('RIFF'), rawPayload.lastIndexOf('RIFF')]).toEqual([0, 0])
  })

  test('leaves a row of what was only spoken', async () => {
    const server = await start()
    const answer = await say(server)
    const row = await rowOf(server, answer)
    expect(row).toMatchObject({
      ...{ source: 'openai', outcome: 'completed', transcript: null, reply: input, heardText: input },
      synthesis: { voice: 'flite:slt', audioMs: 600, inferenceMs: 2, realTimeFactor: 0.003 },
      speech: { model: null },
      llm: { model: null },
    })
    expect(row.fromSpeechEnd.firstAudioMs).toBeGreaterThan(0)
    expect(answer.headers['openai-model']).toBe('flite:slt')
  })

  test.each([['echo'], [{ id: 'marin' }], ['flite:rms'], [undefined], ['']])(
    'takes the voice %j',
    async voice => {
      expect((await say(await start(), { voice })).statusCode).toBe(200)
    },
  )

  test('a page that speaks by itself leaves the server a voice of its own', async () => {
    const answer = await say(await start())
    const server = await start()
    Object.assign(server.stages.settings, { voice: 'browser' })
    expect([answer.statusCode, (await say(server)).headers['openai-model']]).toEqual([200, 'flite:slt'])
  })

  test('half as fast takes twice as long', async () => {
    const answer = await say(await start(), {
      speed: 0.5,
      response_format: 'pcm',
      instructions: 'None',
      x: [1],
    })
    expect(Math.abs(answer.rawPayload.length / 2 / 24_000 - 1.2)).toBeLessThan(0.1)
  })

  test.each([
    ['no input', { input: undefined }, 'input'],
    ['an empty input', { input: '' }, 'input'],
    ['an input of another type', { input: 5 }, 'input'],
    ['an input that is too long', { input: 'a'.repeat(4097) }, 'input'],
    ['an input that nobody can say', { input: '🎉 🎉' }, 'input'],
    ['a voice that there is not', { voice: 'somebody' }, 'voice'],
    ['a voice that does not speak here', { voice: 'browser' }, 'voice'],
    ['a voice of another type', { voice: 5 }, 'voice'],
    ['a format that there is not', { response_format: 'm4a' }, 'response_format'],
    ['a format by a name that objects have', { response_format: 'constructor' }, 'response_format'],
    ['a speed that is too high', { speed: 5 }, 'speed'],
    ['a stream of another kind', { stream_format: 'ndjson' }, 'stream_format'],
  ])('refuses %s', async (_what, body, param) => {
    const answer = await say(await start(), body)
    expect([answer.statusCode, answer.json().error.param]).toEqual([400, param])
    expect(answer.headers['x-should-retry']).toBe('false')
  })

  test('refuses a model that does not speak, and what is no JSON', async () => {
    const server = await start()
    const model = await say(server, { model: 'llama3.2:1b' })
    expect([model.statusCode, model.json().error.code]).toEqual([404, 'model_not_found'])
    for (const body of ['', '{', 'null', '"x"'])
      expect([body, (await postJson(server, url, body)).statusCode]).toEqual([body, 400])
  })

  test('a voice that fails is told with its status, and a row', async () => {
    const server = await start({ synthesizeError: new QuantvoxError('engine_failed', 'It is hoarse.') })
    for (const body of [{}, { stream_format: 'sse' }]) {
      const answer = await say(server, body)
      expect([answer.statusCode, answer.json().error.message]).toEqual([502, 'It is hoarse.'])
      expect(await rowOf(server, answer)).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
    }
  })

  test('who leaves stops the voice, and the row says so', async () => {
    const server = await start({ synthesizeMs: 200 })
    const address = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const leaving = new AbortController()
    const body = JSON.stringify({ input: 'One two three four. '.repeat(50), response_format: 'pcm' })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${address}${url}`, { method: 'POST', body, headers, signal: leaving.signal })
    const id = answer.headers.get('x-request-id') ?? ''
    await answer.body?.getReader().read()
    leaving.abort()
    await until(async () => (await server.stages.store.get(id)) !== null)
    expect(await server.stages.store.get(id)).toMatchObject({ outcome: 'interrupted' })
    const spoken = server.calls.length
    expect(spoken).toBeLessThan(20)
  })
})
