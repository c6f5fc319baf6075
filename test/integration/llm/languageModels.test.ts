import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { type ScriptedOllama, scriptedOllama } from '../../support/engines/scriptedOllama.ts'
import { fakeLanguageModel as listed } from '../../support/fakes/fakeStages.ts'
import { until } from '../../support/http.ts'

const servers: ScriptedOllama[] = []
async function ollama(routes: Parameters<typeof scriptedOllama>[0]): Promise<ScriptedOllama> {
  const server = await scriptedOllama(routes)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()))
})

const never = new AbortController().signal

async function failureOf(work: Promise<unknown>): Promise<QuantvoxError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(QuantvoxError)
  return error as QuantvoxError
}

describe('the models of an Ollama', () => {
  const tag = (name: string) => ({
    name,
    model: name,
    digest: name.padEnd(64, '0'),
    size: 1000,
    details: { family: 'llama', parameter_size: '1B', quantization_level: 'Q8_0' },
  })
  const json = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value))

  test('are listed with what is loaded and how much of it is on a GPU', async () => {
    const { url } = await ollama({
      '/api/tags': json({ models: [tag('a:1b-q8_0'), tag('b:latest')] }),
      '/api/ps': json({ models: [{ ...tag('a:1b-q8_0'), size: 4000, size_vram: 1000 }] }),
      '/api/show': json({ modelfile: 'FROM nothing' }),
    })
    const models = createLanguageModels(async () => url)
    const shared = {
      family: 'llama',
      parameterSize: '1B',
      quantization: 'Q8_0',
      installed: true,
      sizeBytes: 1000,
    }
    expect(await models.list(never)).toEqual([
      {
        ...shared,
        name: 'a:1b-q8_0',
        digest: 'a:1b-q8_0'.padEnd(64, '0'),
        loaded: true,
        contextTokens: null,
        residentBytes: 4000,
        gpuShare: 0.25,
        remote: null,
      },
      {
        ...shared,
        name: 'b:latest',
        digest: 'b:latest'.padEnd(64, '0'),
        loaded: false,
        contextTokens: null,
        residentBytes: null,
        gpuShare: null,
        remote: null,
      },
    ])
    expect((await models.find('b', never)).name).toBe('b:latest')
  })

  test.each([
    ['b', 'b:latest'],
    ['B:LATEST', 'b:latest'],
    ['library/b', 'b:latest'],
    ['registry.ollama.ai/library/b:latest', 'b:latest'],
    ['https://registry.ollama.ai/library/b', 'b:latest'],
    ['https://ollama.com/library/b', 'b:latest'],
    ['HF.co/someone/Tiny-GGUF:q8_0', 'hf.co/someone/tiny-GGUF:Q8_0'],
    ['someone/c', 'someone/c:latest'],
  ])('are found by %s, as Ollama finds them, under one name', async (asked, name) => {
    const { url } = await ollama({
      '/api/tags': json({
        models: [tag('b:latest'), tag('hf.co/someone/tiny-GGUF:Q8_0'), tag('someone/c:latest')],
      }),
      '/api/ps': json({ models: [] }),
      '/api/show': json({ modelfile: 'FROM nothing' }),
    })
    expect((await createLanguageModels(async () => url).find(asked, never)).name).toBe(name)
  })

  test('are not offered where they only embed', async () => {
    const bert = { ...tag('minilm-like:1'), details: { family: 'bert' } }
    const { url } = await ollama({
      '/api/tags': json({
        models: [
          bert,
          tag('nomic-embed-text:latest'),
          tag('embeddinggemma:300m'),
          tag('qwen3-embedding:0.6b'),
          tag('a:1b'),
        ],
      }),
      '/api/ps': json({ models: [] }),
    })
    const names = (await createLanguageModels(async () => url).list(never)).map(({ name }) => name)
    expect(names).toEqual(['a:1b'])
  })

  describe('that run elsewhere', () => {
    const cloud = { ...tag('copied:latest'), remote_host: 'https://ollama.com:443', remote_model: 'big:120b' }
    const start = async () =>
      ollama({
        '/api/tags': json({ models: [tag('a:1b'), cloud, tag('old:120b-cloud'), tag('hidden:latest')] }),
        '/api/ps': json({ models: [] }),
        '/api/show': (response, { body }) =>
          response.end(
            JSON.stringify({
              modelfile: '',
              ...(body.model === 'hidden:latest' ? { remote_host: 'https://ollama.com:443' } : {}),
            }),
          ),
      })

    test('are marked, and refused however that is told', async () => {
      const { url } = await start()
      const models = createLanguageModels(async () => url)
      expect((await models.list(never)).map(({ name, remote }) => [name, remote])).toEqual([
        ['a:1b', null],
        ['copied:latest', 'refused'],
        ['old:120b-cloud', 'refused'],
        ['hidden:latest', null],
      ])
      for (const name of ['copied', 'old:120b-cloud', 'hidden'])
        expect((await failureOf(models.find(name, never))).code).toBe('remote_model_refused')
      expect((await models.find('a:1b', never)).remote).toBeNull()
    })

    test('are used where that was allowed', async () => {
      const { url } = await start()
      const models = createLanguageModels(async () => url, true)
      for (const name of ['copied', 'old:120b-cloud', 'hidden'])
        expect((await models.find(name, never)).remote).toBe('allowed')
    })
  })

  test('are named, nearest first, where one is asked for that is not there', async () => {
    const { url } = await ollama({
      '/api/tags': json({ models: [tag('other:7b'), tag('smollm2:135m-q8_0'), tag('smollm2:135m-q4_0')] }),
      '/api/ps': json({ models: [] }),
    })
    const failure = await failureOf(createLanguageModels(async () => url).find('smollm2:135m-q4_1', never))
    expect(failure.code).toBe('model_not_found')
    expect(failure.meaning).toBe('Installed are smollm2:135m-q4_0, smollm2:135m-q8_0.')
    expect(failure.mend).toContain('npx quantvox models pull smollm2:135m-q4_1')
  })

  test('named wrongly are told the nearest even when the family is misspelt', async () => {
    const { url } = await ollama({
      '/api/tags': json({
        models: [tag('zephyr:7b'), tag('llama3.2:1b'), tag('qwen3:1b'), tag('phi:1'), tag('smollm2:135m')],
      }),
      '/api/ps': json({ models: [] }),
    })
    const failure = await failureOf(createLanguageModels(async () => url).find('smolm2:135m', never))
    expect(failure.meaning).toMatch(/^Installed are smollm2:135m/)
  })

  test.each<[string, (response: ServerResponse) => unknown, string]>([
    ['500', r => void r.writeHead(500).end('{"error":"boom"}'), 'engine_failed'],
    ['a page', r => void r.end('<p>Welcome</p>'), 'engine_failed'],
    ['JSON of another kind', json({ data: [] }), 'engine_failed'],
    ['404', r => void r.writeHead(404).end('404 page not found'), 'engine_failed'],
    ['nothing', r => void r.destroy(), 'engine_unavailable'],
  ])('cannot be had from what answers %s', async (_what, answer, code) => {
    const { url } = await ollama({ '/api/tags': answer, '/api/ps': answer })
    const failure = await failureOf(createLanguageModels(async () => url).list(never))
    expect(failure.code).toBe(code)
  })

  test('are no longer waited for by who has left', async () => {
    const { url, calls } = await ollama({ '/api/tags': () => {}, '/api/ps': () => {} })
    const leave = new AbortController()
    const failed = createLanguageModels(async () => url)
      .list(leave.signal)
      .catch((error: unknown) => error)
    await until(() => calls.length === 2)
    const reason = new Error('the client left')
    leave.abort(reason)
    expect(await failed).toBe(reason)
    await until(() => calls.every(call => call.hungUp), 1_000)
  })

  test('that cannot be asked for are told with what became of their Ollama', async () => {
    const nowhere = 'http://127.0.0.1:1'
    const models = createLanguageModels(
      async () => nowhere,
      false,
      async ({ code }, host) => new QuantvoxError('engine_failed', `It died at ${host} (${code}).`),
    )
    expect((await failureOf(models.find('a:1b', never))).message).toBe(
      `It died at ${nowhere} (engine_unavailable).`,
    )
  })

  test('are told apart by the sum of their weights, which is asked for once', async () => {
    const sum = 'ab'.repeat(32)
    const { url, calls } = await ollama({
      '/api/show': json({ modelfile: `# made\nFROM /models/blobs/sha256-${sum}\nPARAMETER stop x` }),
    })
    const models = createLanguageModels(async () => url)
    const model = { ...listed, name: 'a:1b', digest: 'c'.repeat(64) }
    expect([await models.weightsDigest(model, never), await models.weightsDigest(model, never)]).toEqual([
      sum,
      sum,
    ])
    expect(calls).toEqual([expect.objectContaining({ path: '/api/show', body: { model: 'a:1b' } })])
  })

  test('made elsewhere have no sum of weights', async () => {
    const { url } = await ollama({ '/api/show': json({ modelfile: 'FROM scratch' }) })
    expect(await createLanguageModels(async () => url).weightsDigest(listed, never)).toBeNull()
  })

  test.each([
    [['completion', 'tools'], true],
    [['completion'], false],
    [undefined, false],
  ])('with capabilities %j take tools: %s', async (capabilities, expected) => {
    const { url } = await ollama({ '/api/show': json({ modelfile: 'FROM nothing', capabilities }) })
    expect(await createLanguageModels(async () => url).callsTools(listed, never)).toBe(expected)
  })
})
