import { describe, expect, test } from 'vitest'
import { clip } from '../../support/http.ts'
import { openAiEvents, openAiForm } from '../../support/openai.ts'
import { startTestApp } from '../../support/testApp.ts'

/** The calls of clients that are too large to run here, in their order and with their fields (Open WebUI 0.12.4, LibreChat). */

const token = 'a-key-of-some-length'
const bearer = { authorization: `Bearer ${token}` }
const json = { 'content-type': 'application/json', ...bearer }
const start = () => startTestApp({ settings: { AUTH_TOKEN: token } })
const host = 'host.docker.internal:3000'

describe('Open WebUI in a container', () => {
  test('lists models, hears, chats and speaks', async () => {
    const { app, script } = await start()
    const models = await app.inject({ url: '/v1/models', headers: { host, ...bearer } })
    const id = models.json().data[0].id

    const form = await openAiForm([
      ['model', 'whisper-1'],
      ['language', 'en'],
      ['file', clip()],
    ])
    const headers = { ...form.headers, host, ...bearer }
    const heard = await app.inject({
      ...{ method: 'POST', url: '/v1/audio/transcriptions', payload: form.payload, headers },
    })
    expect(heard.json().text).toBe(script.transcript)

    const asked = await app.inject({
      ...{ method: 'POST', url: '/v1/chat/completions', headers: { host, ...json } },
      payload: {
        ...{ model: id, stream: true, stream_options: { include_usage: true } },
        messages: [{ role: 'user', content: heard.json().text }],
        metadata: { chat_id: 'x' },
      },
    })
    const text = openAiEvents(asked.body).map(event => {
      const { choices } = event as { choices: { delta: { content?: string } }[] }
      return choices[0]?.delta.content ?? ''
    })
    expect(text.join('')).toBe(script.reply.join(''))

    const spoken = await app.inject({
      ...{ method: 'POST', url: '/v1/audio/speech', headers: { host, ...json } },
      payload: { model: 'tts-1', input: text.join(''), voice: 'alloy' },
    })
    expect([spoken.statusCode, spoken.headers['content-type']]).toEqual([200, 'audio/mpeg'])
  })

  // It streams a file of which it does not say how long it is, behind the other fields.
  test('sends a recording whose length it does not say', async () => {
    const { app, script } = await start()
    const { payload, headers } = await openAiForm([
      ['model', 'whisper-1'],
      ['language', ''],
      ['file', clip()],
    ])
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    async function* chunks() {
      for (let at = 0; at < payload.length; at += 5000) yield payload.subarray(at, at + 5000)
    }
    const request: RequestInit & { duplex: 'half' } = {
      ...{ method: 'POST', headers: { ...headers, ...bearer }, duplex: 'half' },
      body: ReadableStream.from(chunks()),
    }
    const answer = await fetch(`${address}/v1/audio/transcriptions`, request)
    expect(await answer.json()).toMatchObject({ text: script.transcript })
  })

  test('asks for voices and models that speak without a key', async () => {
    const { app } = await start()
    for (const [url, list] of [
      ['/v1/audio/voices', 'voices'],
      ['/v1/audio/models', 'models'],
    ] as const) {
      const [first] = (await app.inject({ url })).json()[list]
      expect([url, first]).toEqual([url, expect.objectContaining({ id: expect.any(String) })])
    }
  })

  test('reads the message of an error', async () => {
    const { app } = await start()
    const answer = await app.inject({
      ...{ method: 'POST', url: '/v1/audio/speech', headers: json },
      payload: { model: 'tts-1', input: 'Hi', voice: 'nobody' },
    })
    expect(answer.json().error.message).toContain('There is no voice "nobody".')
  })
})

describe('LibreChat', () => {
  test('speaks without a format, with a field that nobody knows, and joins the bodies', async () => {
    const { app } = await start()
    const payload = { input: 'Good evening.', model: 'tts-1', voice: 'alloy', backend: 'openai' }
    const bodies = await Promise.all(
      [1, 2].map(() => app.inject({ method: 'POST', url: '/v1/audio/speech', headers: json, payload })),
    )
    for (const { headers, rawPayload } of bodies) {
      expect(headers['content-type']).toBe('audio/mpeg')
      // The sync of an MPEG frame: nothing stands before it, so that bodies may follow each other.
      expect([rawPayload[0], (rawPayload[1] ?? 0) & 0xe0]).toEqual([0xff, 0xe0])
    }
  })

  test('hears with a text that is not empty', async () => {
    const { app, script } = await start()
    const form = await openAiForm([
      ['file', clip()],
      ['model', 'whisper-1'],
    ])
    const headers = { ...form.headers, ...bearer }
    const answer = await app.inject({
      ...{ method: 'POST', url: '/v1/audio/transcriptions', payload: form.payload, headers },
    })
    expect(answer.json().text).toBe(script.transcript)
  })
})

describe('LiveKit', () => {
  test('warms a connection at the base address, and is told harmlessly that nothing is there', async () => {
    const { app } = await start()
    expect((await app.inject({ url: '/v1/', headers: bearer })).statusCode).toBe(404)
  })

  test.each([
    ['whisper-1', 'verbose_json', ['language', 'segments']],
    ['gpt-4o-mini-transcribe', 'json', ['usage']],
  ])('hears with %s, in %s', async (model, format, has) => {
    const { app, script } = await start()
    const form = await openAiForm([
      ['file', clip()],
      ['model', model],
      ['language', 'en'],
      ['prompt', ''],
      ['keywords[]', 'Quantvox'],
      ['keywords[]', 'Ollama'],
      ['response_format', format],
    ])
    const headers = { ...form.headers, ...bearer }
    const answer = await app.inject({
      ...{ method: 'POST', url: '/v1/audio/transcriptions', payload: form.payload, headers },
    })
    expect(answer.json().text).toBe(script.transcript)
    expect(Object.keys(answer.json())).toEqual(expect.arrayContaining(has))
  })

  test.each([
    ['tts-1', {}, 'audio/mpeg'],
    ['gpt-4o-mini-tts', { stream_format: 'sse', instructions: 'None' }, 'text/event-stream; charset=utf-8'],
  ])('speaks with %s, and reads how by the type of the answer', async (model, more, type) => {
    const { app } = await start()
    const payload = { input: 'Hi.', model, voice: 'ash', response_format: 'mp3', speed: 1, ...more }
    const answer = await app.inject({ method: 'POST', url: '/v1/audio/speech', headers: json, payload })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, type])
  })

  test('chats with tools, in a stream that ends with the usage', async () => {
    const { app, script } = await start()
    const parameters = { type: 'object', properties: {}, required: [], additionalProperties: false }
    const asked = await app.inject({
      ...{ method: 'POST', url: '/v1/chat/completions', headers: json },
      payload: {
        ...{ model: 'gpt-4o', stream: true, stream_options: { include_usage: true } },
        ...{ parallel_tool_calls: true, tool_choice: 'auto', temperature: 0.7 },
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: [{ type: 'text', text: 'Hi.' }] },
        ],
        tools: [
          { type: 'function', function: { name: 'look', description: 'Looks', parameters, strict: true } },
        ],
      },
    })
    const chunks = openAiEvents(asked.body) as {
      choices: { delta: { content?: string } }[]
      usage?: object
    }[]
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(script.reply.join(''))
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
  })
})
