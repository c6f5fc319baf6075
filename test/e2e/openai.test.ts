import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
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

test('a text is spoken, as MP3 where no format is named, and is heard again', async () => {
  const wanted = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: weather } as const
  const { data, request_id } = await client.audio.speech.create(wanted).withResponse()
  expect(data.headers.get('content-type')).toBe('audio/mpeg')
  // Eleven bits of one begin a frame (ISO 11172-3).
  const [first = 0, second = 0] = new Uint8Array(await data.arrayBuffer())
  expect([first, second >> 5]).toEqual([0xff, 0b111])
  // Only ffmpeg reads that, which is on few machines.
  const wav = await client.audio.speech.create({ ...wanted, response_format: 'wav' })
  const file = await toFile(await wav.arrayBuffer(), 'speech.wav')
  const heard = await client.audio.transcriptions.create({ file, model: 'whisper-1' })
  expect(charactersWrong(weather, heard.text)).toBeLessThan(HEARD_WELL)
  const { synthesis, reply, source } = await rowOf(request_id)
  expect([source, reply, synthesis.voice]).toEqual(['openai', weather, 'hibari:heart'])
  expect(synthesis.timeToFirstAudioMs).toBeGreaterThan(0)
})

test('a chat is answered, whole and as it comes, by the model that the answer and the row name', async () => {
  const messages = [{ role: 'user' as const, content: 'Say hello.' }]
  const { data, request_id } = await client.chat.completions
    .create({ model: 'gpt-4o', messages, max_tokens: 40 })
    .withResponse()
  expect(data.choices[0]?.message.content).toMatch(/\w/)
  expect(data.usage?.completion_tokens).toBeGreaterThan(0)
  const row = await rowOf(request_id)
  expect(row.llm).toMatchObject({ model: data.model, outputTokens: data.usage?.completion_tokens })
  expect([row.source, row.llm.quantization === null, row.reply]).toEqual([
    'openai',
    false,
    data.choices[0]?.message.content,
  ])

  const stream = client.chat.completions.stream({
    ...{ model: '', messages, seed: 1, temperature: 0, max_tokens: 40 },
    stream_options: { include_usage: true },
  })
  const whole = await stream.finalChatCompletion()
  expect(whole.choices[0]?.message.content).toMatch(/\w/)
  expect(['stop', 'length']).toContain(whole.choices[0]?.finish_reason)
  expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(0)
})

test('tools are the model’s or refused', async () => {
  const asking = client.chat.completions.create({
    ...{ model: 'gpt-4o', max_tokens: 60 },
    messages: [{ role: 'user', content: 'What is the weather in Oslo? Use the tool.' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'The weather in a city',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      },
    ],
  })
  // What the smallest model makes of it is its own matter; another without a template for tools is refused.
  const answer = await asking.catch((error: unknown) => error)
  if (answer instanceof OpenAI.APIError) {
    expect([answer.status, answer.param]).toEqual([400, 'tools'])
    return
  }
  const [choice] = (answer as OpenAI.ChatCompletion).choices
  for (const call of choice?.message.tool_calls ?? []) {
    if (call.type === 'function') expect(JSON.parse(call.function.arguments)).toBeTypeOf('object')
  }
  expect(['stop', 'length'].includes(choice?.finish_reason ?? '')).toBe(!choice?.message.tool_calls)
})

test('a spoken question gets a spoken answer', async () => {
  const data = (await readFile(clip('azure-weather'))).toString('base64')
  const answer = await client.chat.completions.create({
    model: 'gpt-4o-audio-preview',
    ...{ modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'mp3' }, max_completion_tokens: 20 },
    messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data, format: 'wav' } }] }],
  })
  const { audio } = answer.choices[0]?.message ?? {}
  expect(audio?.transcript).toMatch(/\w/)
  expect(Buffer.from(audio?.data ?? '', 'base64').length).toBeGreaterThan(1000)
  const { transcript, speech, llm, synthesis } = await rowOf(audio?.id)
  expect(charactersWrong(weather, transcript ?? '')).toBeLessThan(HEARD_WELL)
  expect([speech.quantization, llm.quantization === null, synthesis.voice]).toEqual([
    'int8',
    false,
    'hibari:heart',
  ])
})

test('messages that have no room are refused, not cut', async () => {
  const content = 'word '.repeat(20_000)
  await expect(
    client.chat.completions.create({ model: '', messages: [{ role: 'user', content }] }),
  ).rejects.toMatchObject({ status: 422, code: 'context_exceeded', param: 'messages' })
})
