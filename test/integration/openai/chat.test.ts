import { describe, expect, test } from 'vitest'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { fakeLanguageModel } from '../../support/fakes/fakeStages.ts'
import { clip, until } from '../../support/http.ts'
import { openAiEvents, postJson, rowOf } from '../../support/openai.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const url = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'What is the time?' }]
const reply = 'It is ten past nine. Good evening.'
const start = (script = {}) => startTestApp({ script })
const chat = (server: TestApp, body: object = {}) =>
  postJson(server, url, { model: 'gpt-4o', messages, ...body })
const sound = Buffer.from(clip()).toString('base64')
const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })
const call = { id: 'call_1', name: 'get_time', arguments: { city: 'Oslo' } }

type Chunk = {
  id: string
  object: string
  model: string
  choices: { index: number; delta: Record<string, unknown>; finish_reason: string | null }[]
  usage?: object | null
}
const chunksOf = (body: string) => openAiEvents(body) as unknown as Chunk[]
const textOf = (chunks: Chunk[]) => chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')

describe('POST /v1/chat/completions', () => {
  test('answers with the whole reply, the model that gave it and its usage, and leaves a row', async () => {
    const server = await start()
    const answer = await chat(server)
    expect(answer.statusCode).toBe(200)
    const id = String(answer.headers['x-request-id'])
    expect(answer.json()).toEqual({
      id: `chatcmpl-${id}`,
      ...{ object: 'chat.completion', created: expect.any(Number), model: fakeLanguageModel.name },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: reply, refusal: null },
          ...{ logprobs: null, finish_reason: 'stop' },
        },
      ],
      usage: { prompt_tokens: 30, completion_tokens: 6, total_tokens: 36 },
    })
    expect(server.lastPrompt()).toEqual(messages)
    expect(await rowOf(server, answer)).toMatchObject({
      ...{ source: 'openai', outcome: 'completed', transcript: 'What is the time?', reply },
      llm: { model: fakeLanguageModel.name, quantization: 'Q4_K_M', outputTokens: 6 },
      fromSpeechEnd: { firstTokenMs: expect.any(Number), replyDoneMs: expect.any(Number) },
    })
  })

  // Report 11: the usage came not at all, or in a chunk with choices.
  test.each([[undefined], [{ include_usage: true, include_obfuscation: false }]])(
    'as chunks with options %j',
    async stream_options => {
      const answer = await chat(await start(), { stream: true, stream_options })
      expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
      const chunks = chunksOf(answer.body)
      const told = stream_options === undefined ? chunks : chunks.slice(0, -1)
      expect(textOf(told)).toBe(reply)
      expect(told[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
      expect(told.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
        ...told.slice(1).map(() => null),
        'stop',
      ])
      expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
      if (stream_options === undefined) expect(told[0]).not.toHaveProperty('usage')
      else {
        expect(told.every(({ usage }) => usage === null)).toBe(true)
        expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 36 } })
      }
    },
  )

  // Report 10: no index, no id, the finish reason of a reply without calls.
  test('calls of tools, whole and as chunks', async () => {
    const server = await start({
      toolCalls: [
        [call, call],
        [call, call],
        [call, call],
      ],
    })
    const tools = [tool('get_time'), tool('other')]
    const answer = await chat(server, { tools })
    const [choice] = answer.json().choices
    expect([choice.finish_reason, choice.message.content]).toEqual(['tool_calls', null])
    const expected = {
      id: expect.stringMatching(/^call_\w+$/),
      type: 'function',
      function: { name: 'get_time', arguments: '{"city":"Oslo"}' },
    }
    expect(choice.message.tool_calls).toEqual([expected, expected])
    expect(await rowOf(server, answer)).toMatchObject({ outcome: 'completed', errorCode: null })
    expect(server.lastOptions()?.tools?.map(({ name }) => name)).toEqual(['get_time', 'other'])

    const chunks = chunksOf((await chat(server, { tools, stream: true })).body)
    const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
    expect(deltas).toEqual([
      { index: 0, ...expected },
      { index: 1, ...expected },
    ])
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
    const ids = deltas.map(delta => (delta as { id: string }).id)
    expect(new Set(ids).size).toBe(2)
  })

  test('one call where only one is wanted, and what tool_choice leaves', async () => {
    const server = await start({
      toolCalls: [
        [call, call],
        [call, call],
        [call, call],
      ],
    })
    const tools = [tool('get_time'), tool('other')]
    const one = await chat(server, { tools, parallel_tool_calls: false })
    expect(one.json().choices[0].message.tool_calls).toHaveLength(1)
    await chat(server, { tools, tool_choice: { type: 'function', function: { name: 'other' } } })
    expect(server.lastOptions()?.tools?.map(({ name }) => name)).toEqual(['other'])
    await chat(server, { tools, tool_choice: 'none' })
    expect(server.lastOptions()?.tools).toBeUndefined()
  })

  test('results of tools go to the model as it knows them', async () => {
    const server = await start()
    await chat(server, {
      messages: [
        { role: 'developer', content: 'Be short.' },
        ...messages,
        {
          ...{ role: 'assistant', content: null, refusal: null, audio: null },
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'get_time', arguments: '{"city":"Oslo"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'ten past nine' }] },
      ],
    })
    expect(server.lastPrompt()).toEqual([
      { role: 'system', content: 'Be short.' },
      ...messages,
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', content: 'ten past nine', toolName: 'get_time' },
    ])
  })

  test('settings are passed on', async () => {
    const server = await start()
    const schema = { type: 'object' }
    await chat(server, {
      ...{ temperature: 0.3, top_p: 0.5, seed: 7, stop: 'END', max_completion_tokens: 40, user: 'u' },
      ...{
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
        metadata: {},
        store: true,
      },
    })
    expect(server.lastOptions()).toMatchObject({
      ...{
        temperature: 0.3,
        topP: 0.5,
        seed: 7,
        stop: ['END'],
        maxTokens: 40,
        format: schema,
        isWhole: true,
      },
    })
  })

  test('sound in a message is heard, and figures of hearing are in the row', async () => {
    const server = await start()
    const answer = await chat(server, {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Answer this.' },
            { type: 'input_audio', input_audio: { data: sound, format: 'wav' } },
          ],
        },
      ],
    })
    expect(answer.statusCode).toBe(200)
    expect(server.lastPrompt()).toEqual([{ role: 'user', content: 'Answer this.\nWhat is the time?' }])
    const row = await rowOf(server, answer)
    expect(row.speech).toMatchObject({ model: 'whisper-tiny.en-q8_0', quantization: 'q8_0', audioMs: 1000 })
    expect(row.llm.quantization).toBe('Q4_K_M')
  })

  test('sound in which nobody speaks is not answered', async () => {
    const server = await start({ speechMs: 0 })
    const content = [{ type: 'input_audio', input_audio: { data: sound, format: 'wav' } }]
    const answer = await chat(server, { messages: [{ role: 'user', content }] })
    expect([answer.statusCode, answer.json().choices[0].message.content]).toEqual([200, ''])
    expect(await rowOf(server, answer)).toMatchObject({ outcome: 'no-speech' })
    expect(server.calls).not.toContain('respond')
  })

  test('an answer in sound, whole and as chunks, and a message that names it', async () => {
    const server = await start()
    const spoken = { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }
    const answer = await chat(server, spoken)
    const { audio, content } = answer.json().choices[0].message
    expect([content, audio.transcript]).toEqual([null, reply])
    expect(audio.expires_at).toBeGreaterThan(Date.now() / 1000)
    const { durationMs } = await decodeAudio(
      Buffer.from(audio.data, 'base64'),
      { maxBytes: 1e7, maxSeconds: 10 },
      new AbortController().signal,
    )
    expect(durationMs).toBeCloseTo(600, -1)
    expect(await rowOf(server, answer)).toMatchObject({ synthesis: { voice: 'flite:slt', audioMs: 600 } })

    const pcm = { ...spoken, audio: { voice: { id: 'alloy' }, format: 'pcm16' }, stream: true }
    const deltas = chunksOf((await chat(server, pcm)).body).map(
      ({ choices }) => choices[0]?.delta.audio ?? {},
    )
    const field = (name: string) =>
      deltas.map(delta => (delta as Record<string, unknown>)[name]).filter(value => value)
    expect(field('transcript').join('')).toBe(reply)
    const bytes = field('data').reduce<number>(
      (sum, data) => sum + Buffer.from(String(data), 'base64').length,
      0,
    )
    expect(Math.abs(bytes / 2 / 24_000 - 0.6)).toBeLessThan(0.02)
    expect([field('id').length, field('expires_at').length]).toEqual([1, 1])

    await chat(server, {
      messages: [...messages, { role: 'assistant', audio: { id: audio.id } }, ...messages],
    })
    expect(server.lastPrompt()[1]).toEqual({ role: 'assistant', content: reply })
  })

  test.each([
    ['no messages', { messages: undefined }, 'messages'],
    ['messages that are none', { messages: 'hello' }, 'messages'],
    ['an empty list of messages', { messages: [] }, 'messages'],
    ['a message without a role', { messages: [{ content: 'x' }] }, 'messages.0.role'],
    ['a role that there is not', { messages: [{ role: 'king', content: 'x' }] }, 'messages.0.role'],
    ['a picture', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages.0.content.0'],
    [
      'arguments that are no JSON',
      {
        messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'x', arguments: '{' } }] }],
      },
      'messages.0.tool_calls.0.function.arguments',
    ],
    ['two answers', { n: 2 }, 'n'],
    ['a temperature that is too high', { temperature: 3 }, 'temperature'],
    ['no tokens', { max_tokens: 0 }, 'max_tokens'],
    ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 'tools.0.function.name'],
    [
      'a choice of a tool that there is not',
      { tools: [tool('a')], tool_choice: { function: { name: 'b' } } },
      'tool_choice',
    ],
    ['sound of no format', { modalities: ['audio'] }, 'audio'],
    [
      'sound in a format that there is not',
      { modalities: ['audio'], audio: { format: 'm4a' } },
      'audio.format',
    ],
    ['MP3 in a stream', { modalities: ['audio'], audio: { format: 'mp3' }, stream: true }, 'audio.format'],
    ['a voice that there is not', { modalities: ['audio'], audio: { format: 'wav', voice: 'x' } }, 'voice'],
    ['a stream that is no boolean', { stream: 'yes' }, 'stream'],
  ])('refuses %s', async (_what, body, param) => {
    const server = await start()
    const answer = await chat(server, body)
    expect([answer.statusCode, answer.json().error.param]).toEqual([400, param])
    expect([answer.headers['x-should-retry'], server.calls]).toEqual(['false', []])
  })

  test('refuses what is no JSON, and messages that are too long', async () => {
    const server = await start()
    for (const body of ['', '{', 'null', '5'])
      expect([body, (await postJson(server, url, body)).statusCode]).toEqual([body, 400])
    const long = await chat(server, { messages: [{ role: 'user', content: 'x'.repeat(1_100_000) }] })
    expect([long.statusCode, long.json().error.code]).toEqual([413, 'too_large'])
  })

  test('a failure before the first word has its status, one after it ends the events; both leave a row', async () => {
    const server = await start({ respondError: new QuantvoxError('engine_failed', 'It died.') })
    for (const stream of [false, true]) {
      const answer = await chat(server, { stream })
      expect([answer.statusCode, answer.json().error.message]).toEqual([502, 'It died.'])
      expect(await rowOf(server, answer)).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
    }
    server.script.respondErrorAfter = 2
    const broken = await chat(server, { stream: true })
    expect(broken.statusCode).toBe(200)
    expect(openAiEvents(broken.body).at(-1)).toMatchObject({
      error: { message: 'It died.', type: 'server_error' },
    })
    expect(broken.body).not.toContain('[DONE]')
  })

  test('who leaves stops the model, and the row says so', async () => {
    const server = await start({ tokenMs: 50, reply: Array.from({ length: 100 }, () => 'word ') })
    const address = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const leaving = new AbortController()
    const answer = await fetch(`${address}${url}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal },
      body: JSON.stringify({ messages, stream: true }),
    })
    const id = answer.headers.get('x-request-id') ?? ''
    await answer.body?.getReader().read()
    leaving.abort()
    await until(async () => (await server.stages.store.get(id)) !== null)
    expect(await server.stages.store.get(id)).toMatchObject({ outcome: 'interrupted' })
    expect(server.calls).toContain('respond aborted')
    expect(server.replying()).toBe(0)
  })
})
