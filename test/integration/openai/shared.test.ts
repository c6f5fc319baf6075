import { describe, expect, test } from 'vitest'
import { fakeLanguageModel, fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const token = 'a-key-of-some-length'
const bearer = { authorization: `Bearer ${token}` }
const slashed = 'hf.co/someone/model-GGUF:Q4_K_M'
const dependencies = {
  languageModels: async () => [
    fakeLanguageModel,
    { ...fakeLanguageModel, name: slashed },
    { ...fakeLanguageModel, name: 'absent:1b', installed: false },
    { ...fakeLanguageModel, name: 'elsewhere:cloud', remote: 'refused' as const },
  ],
  speechModels: async () => [fakeSpeechModel('q8_0', 43e6, true)],
}

const start = (settings: Record<string, string> = {}) => startTestApp({ settings, dependencies })
const get = ({ app }: TestApp, url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers })

// Report 9: clients that found no lists.
describe('the lists', () => {
  test('models are those that are installed and answer here, and the names that stand for defaults', async () => {
    const answer = await get(await start(), '/v1/models')
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
    const { object, data } = answer.json()
    expect([object, data.map(({ id }: { id: string }) => id)]).toEqual([
      'list',
      [fakeLanguageModel.name, slashed, 'whisper-tiny.en-q8_0', 'whisper-1', 'tts-1'],
    ])
    for (const model of data) {
      expect(model).toEqual({
        id: model.id,
        object: 'model',
        created: expect.any(Number),
        owned_by: expect.any(String),
      })
    }
  })

  test.each([
    fakeLanguageModel.name,
    slashed,
    encodeURIComponent(slashed),
    encodeURIComponent(fakeLanguageModel.name),
    'whisper-1',
    'gpt-4o-mini',
  ])('a model by its id: %s', async id => {
    const answer = await get(await start(), `/v1/models/${id}`)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ id: decodeURIComponent(id), object: 'model' })
  })

  test.each(['absent:1b', 'gpt-oss:20b', 'nobody/nothing', '%00'])('no model is called %s', async id => {
    const answer = await get(await start(), `/v1/models/${id}`)
    expect([answer.statusCode, answer.headers['x-should-retry']]).toEqual([404, 'false'])
    expect(answer.json()).toEqual({
      error: {
        message: expect.stringContaining('There is no model'),
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    })
  })

  test('our own lists keep their addresses', async () => {
    const server = await start()
    for (const url of ['/v1/models/language', '/v1/models/speech'])
      expect((await get(server, url)).json()).toHaveProperty('items')
  })

  test('voices and models that speak are told without a key', async () => {
    const server = await start({ AUTH_TOKEN: token })
    const { voices } = (await get(server, '/v1/audio/voices')).json()
    expect(voices).toContainEqual({ id: 'alloy', name: 'alloy' })
    expect(voices).toContainEqual({ id: 'flite:slt', name: 'flite:slt' })
    expect(voices.map(({ id }: { id: string }) => id)).not.toContain('browser')
    expect((await get(server, '/v1/audio/models')).json()).toEqual({ models: [{ id: 'tts-1' }] })
    expect((await get(server, '/v1/models')).statusCode).toBe(401)
  })
})

describe('errors are OpenAI’s', () => {
  test('a wrong key and none', async () => {
    const server = await start({ AUTH_TOKEN: token })
    for (const headers of [{}, { authorization: 'Bearer sk-wrong' }]) {
      const answer = await get(server, '/v1/models', headers)
      expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'invalid_api_key'])
      expect(answer.headers['x-should-retry']).toBe('false')
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    }
    expect((await get(server, '/v1/models', bearer)).statusCode).toBe(200)
  })

  test('what may go well a moment later may be asked again, and when is said', async () => {
    const { QuantvoxError } = await import('../../../server/errors.ts')
    const app = await startTestApp({
      dependencies: {
        languageModels: async () => {
          throw new QuantvoxError('engine_unavailable', 'Ollama starts.', { retryAfterSeconds: 2 })
        },
      },
    })
    const answer = await get(app, '/v1/models')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers).toMatchObject({
      'x-should-retry': 'true',
      'retry-after': '2',
      'retry-after-ms': '2000',
    })
    expect(answer.json().error).toEqual({
      ...{ message: 'Ollama starts.', type: 'server_error', param: null, code: 'engine_unavailable' },
    })
  })

  test('elsewhere they stay problem details', async () => {
    const answer = await get(await start(), '/v1/')
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/problem+json'])
  })
})

describe('by another name', () => {
  const host = 'host.docker.internal:3000'

  test('a program with the key may call the server what it likes', async () => {
    const server = await start({ AUTH_TOKEN: token })
    expect((await get(server, '/v1/models', { host, ...bearer })).statusCode).toBe(200)
    expect((await get(server, '/v1/voices', { host, ...bearer })).statusCode).toBe(200)
  })

  test('a page may not, nor who has no key or a wrong one', async () => {
    const server = await start({ AUTH_TOKEN: token })
    const page = { host, origin: `http://${host}`, ...bearer }
    expect((await get(server, '/v1/models', page)).statusCode).toBe(403)
    expect((await get(server, '/v1/models', { host })).statusCode).toBe(403)
    expect((await get(server, '/v1/models', { host, authorization: 'Bearer wrong' })).statusCode).toBe(401)
  })

  test('without a token no key is the right one', async () => {
    const answer = await get(await start(), '/v1/models', { host, ...bearer })
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'forbidden_origin'])
  })
})
