import { createReadStream } from 'node:fs'
import OpenAI, { toFile } from 'openai'
import Value from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StoredTurn } from '../../server/protocol/record.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { clip, type LiveServer, startLiveServer } from '../support/liveServer.ts'

/** OpenAI's own client, given nothing but the base URL and a key. */

const weather = "What's the weather like?"
const key = 'a-key-of-some-length'

let server: LiveServer
let url: string
let client: OpenAI
beforeAll(async () => {
  server = await startLiveServer({ AUTH_TOKEN: key })
  url = new URL(server.url).origin // the start line has the token behind it
  client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
})
afterAll(() => server.stop())

/** The row that a request left, by the id that the client got. */
async function rowOf(id: string | null | undefined) {
  const answer = await fetch(`${url}/v1/turns/${id}`, { headers: { authorization: `Bearer ${key}` } })
  const row: unknown = await answer.json()
  Value.Assert(StoredTurn, row)
  return row
}

test('models are listed and got one by one', async () => {
  const ids = (await Array.fromAsync(await client.models.list())).map(({ id }) => id)
  expect(ids).toContain('whisper-1')
  const tag = ids.find(id => id.includes(':')) ?? ''
  expect(await client.models.retrieve(tag)).toMatchObject({ id: tag, object: 'model' })
  await expect(client.models.retrieve('nobody/nothing')).rejects.toMatchObject({
    ...{ status: 404, code: 'model_not_found', param: 'model' },
  })
})

test('a wrong key is a wrong key', async () => {
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-wrong', maxRetries: 0 })
  await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
})

test('a recorded question is transcribed, with a row of where the time went', async () => {
  const { data, request_id } = await client.audio.transcriptions
    .create({ file: createReadStream(clip('azure-weather')), model: 'whisper-1' })
    .withResponse()
  expect(charactersWrong(weather, data.text)).toBeLessThan(HEARD_WELL)
  const row = await rowOf(request_id)
  expect(row).toMatchObject({
    ...{ source: 'openai', outcome: 'completed', transcript: data.text },
    speech: { model: 'moonshine-base.en-int8', quantization: 'int8', passes: 1 },
  })
  expect(row.speech.inferenceMs).toBeLessThan(row.fromSpeechEnd.transcriptMs ?? 0)
})

test('with words and segments by a Whisper that was asked for, and as events', async () => {
  const file = () => createReadStream(clip('jfk-inaugural'))
  const verbose = await client.audio.transcriptions.create({
    ...{ file: file(), model: 'whisper-tiny.en-q8_0', response_format: 'verbose_json' },
    timestamp_granularities: ['word', 'segment'],
  })
  expect(verbose).toMatchObject({ language: 'english', duration: 11 })
  const words = verbose.words ?? []
  expect(words.map(({ word }) => word).join(' ')).toBe(verbose.text)
  for (const [i, { start, end }] of words.entries()) {
    expect(start).toBeLessThanOrEqual(end)
    expect(start).toBeGreaterThanOrEqual(words[i - 1]?.start ?? 0)
  }
  // "And so" is said in the first second, "your country" in the last two.
  expect(words[0]?.start).toBeLessThan(1)
  expect(words.at(-1)?.end).toBeGreaterThan(9)
  expect(verbose.segments?.map(({ text }) => text.trim()).join(' ')).toBe(verbose.text)

  const events = await client.audio.transcriptions.create({
    file: file(),
    model: 'gpt-4o-transcribe',
    stream: true,
  })
  const types: string[] = []
  let text = ''
  for await (const event of events) {
    types.push(event.type)
    if (event.type === 'transcript.text.delta') text += event.delta
    if (event.type === 'transcript.text.done') expect(event.text).toBe(text)
  }
  expect([new Set(types), text.length > 50]).toEqual([
    new Set(['transcript.text.delta', 'transcript.text.done']),
    true,
  ])
})

test('subtitles are plain text', async () => {
  const file = createReadStream(clip('azure-weather'))
  const srt: unknown = await client.audio.transcriptions.create({
    file,
    model: 'whisper-1',
    response_format: 'srt',
  })
  expect(srt).toMatch(/^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n\w/)
})

test('a text is spoken as MP3, and is heard again', async () => {
  const { data, request_id } = await client.audio.speech
    .create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: weather })
    .withResponse()
  expect(data.headers.get('content-type')).toBe('audio/mpeg')
  const file = await toFile(await data.arrayBuffer(), 'speech.mp3')
  const heard = await client.audio.transcriptions.create({ file, model: 'whisper-1' })
  expect(charactersWrong(weather, heard.text)).toBeLessThan(HEARD_WELL)
  const { synthesis, reply, source } = await rowOf(request_id)
  expect([source, reply, synthesis.voice]).toEqual(['openai', weather, 'hibari:heart'])
  expect(synthesis.timeToFirstAudioMs).toBeGreaterThan(0)
})
