import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeStages } from '../../support/fakes/fakeStages.ts'
import { createTestApp, type TestApp } from '../../support/testApp.ts'

type Schema = { type?: unknown; anyOf?: unknown; oneOf?: unknown; $ref?: string; [name: string]: unknown }
type Content = Record<string, { schema?: Schema }>
type Operation = {
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string; schema: Schema }[]
  requestBody?: { content: Content }
  responses: Record<string, { description?: string; content?: Content }>
}
type Document = {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema>; securitySchemes?: Record<string, unknown> }
}

let server: TestApp
let document: Document
beforeAll(async () => {
  server = await createTestApp()
  document = (await server.app.inject('/openapi.json')).json()
})
afterAll(() => server.app.close())

const routes = [
  'GET /acceptz',
  'GET /livez',
  'GET /metrics',
  'GET /readyz',
  'GET /v1/audio/models',
  'GET /v1/audio/voices',
  'POST /v1/audio/speech',
  'POST /v1/audio/transcriptions',
  'POST /v1/audio/translations',
  'POST /v1/chat/completions',
  'GET /v1/conversations',
  'PATCH /v1/conversations/{id}',
  'DELETE /v1/conversations/{id}',
  'GET /v1/info',
  'GET /v1/models',
  'GET /v1/models/{id}',
  'GET /v1/models/language',
  'GET /v1/models/pulls',
  'GET /v1/models/speech',
  'GET /v1/models/wake',
  'GET /v1/voices',
  'DELETE /v1/my-voice',
  'GET /v1/my-voice',
  'POST /v1/my-voice',
  'POST /v1/my-voice/hear',
  'DELETE /v1/models/language',
  'DELETE /v1/models/language/pull',
  'DELETE /v1/models/speech',
  'DELETE /v1/models/speech/pull',
  'POST /v1/models/language/pull',
  'POST /v1/models/speech/pull',
  'POST /v1/models/wake/pull',
  'POST /v1/turns',
  'GET /v1/turns',
  'GET /v1/turns/{id}',
  'DELETE /v1/turns/{id}',
  'GET /v1/turns/{turnId}/reply.wav',
  'GET /v1/summary',
  'POST /v1/tickets',
]

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )

/** All schemas in a value, with where they are. */
function* schemasIn(value: unknown, at: string): Generator<[string, Schema]> {
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    if ((name === 'schema' || name === 'items') && typeof inner === 'object') yield [`${at}.${name}`, inner]
    if (name === 'properties' || name === 'schemas')
      for (const [property, schema] of Object.entries(inner as object))
        yield [`${at}.${name}.${property}`, schema]
    yield* schemasIn(inner, `${at}.${name}`)
  }
}

describe('the OpenAPI document', () => {
  test('is 3.1 with a title and the version of the app', () => {
    expect(document.openapi).toMatch(/^3\.1\./)
    expect(document.info).toMatchObject({ title: 'Quantvox', version: '0.0.0-test' })
    expect(document.components?.securitySchemes).toMatchObject({ token: { type: 'http', scheme: 'bearer' } })
  })

  test('has every route of the contract that exists, and no other', () => {
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(routes.toSorted())
  })

  test('says of every route what it is for and what it answers', () => {
    for (const { name, operation } of operations()) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/\w{4}/)])
      expect([name, operation.tags]).toEqual([name, [expect.any(String)]])
      const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
      expect([name, good.length]).toEqual([name, 1])
      for (const [status, response] of Object.entries(operation.responses)) {
        expect([name, status, response.description]).toEqual([name, status, expect.stringMatching(/\w/)])
        if (status !== '204')
          expect([name, status, Object.keys(response.content ?? {})]).not.toEqual([name, status, []])
      }
    }
  })

  test('has no schema that says nothing and no reference that leads nowhere', () => {
    const schemas = [...schemasIn(document, '')]
    expect(schemas.length).toBeGreaterThan(200)
    for (const [at, schema] of schemas) {
      const said = Object.keys(schema).filter(key => key !== 'description')
      expect([at, said]).not.toEqual([at, []])
      if (schema.$ref !== undefined) {
        const target = schema.$ref
          .split('/')
          .slice(1)
          .reduce<unknown>((inner, key) => (inner as Schema)?.[key], document)
        expect([at, target]).toEqual([at, expect.any(Object)])
      }
    }
  })

  test('has problem details for everything that goes wrong, and the errors of OpenAI on its routes', () => {
    for (const { name, operation } of operations()) {
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || name === 'GET /readyz') continue
        const type = operation.tags?.includes('OpenAI') ? 'application/json' : 'application/problem+json'
        expect([name, status, Object.keys(content)]).toEqual([name, status, [type]])
      }
    }
  })

  test('describes both bodies and both answers of a turn', () => {
    const turn = document.paths['/v1/turns']?.post
    expect(Object.keys(turn?.requestBody?.content ?? {})).toEqual(['application/json', 'multipart/form-data'])
    expect(Object.keys(turn?.responses['200']?.content ?? {})).toEqual([
      'application/json',
      'text/event-stream',
    ])
  })

  test('names the parameters of every path in braces', () => {
    for (const { name, operation } of operations()) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      const described = operation.parameters?.filter(parameter => parameter.in === 'path') ?? []
      expect([name, described.map(parameter => parameter.name)]).toEqual([name, inPath])
    }
  })
})

test('the docs are a page that works without another host', async () => {
  const page = await server.app.inject('/docs/')
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)])
  expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//)
  const [, script] = /<script src="\.?\/?([^"]*bundle[^"]*)"/.exec(page.body) ?? []
  const loaded = await server.app.inject(new URL(script ?? 'missing', 'http://localhost/docs/').pathname)
  expect([loaded.statusCode, loaded.headers['content-type']]).toEqual([
    200,
    expect.stringMatching(/javascript/),
  ])
})

test('a voice that there is not stops the start, not the first answer', async () => {
  const { stages } = createFakeStages()
  stages.settings.voice = 'flite:nobody'
  await expect(createTestApp({ dependencies: { stages } })).rejects.toThrow(
    'There is no voice "flite:nobody".',
  )
})

test('liveness and readiness say what is not ready', async () => {
  expect((await server.app.inject('/livez')).json()).toEqual({ status: 'alive' })
  expect((await server.app.inject('/readyz')).statusCode).toBe(200)
  const state = { ready: false, notReady: [{ what: 'ollama', why: 'It does not answer.' }] }
  const other = await createTestApp({ dependencies: { readiness: async () => state } })
  const response = await other.app.inject('/readyz')
  expect([response.statusCode, response.json()]).toEqual([503, state])
  await other.app.close()
})

test('the document has every status that comes', async () => {
  const token = 'a-token-of-some-length'
  const guarded = await createTestApp({ settings: { AUTH_TOKEN: token } })
  const asked = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const tries = (method: 'GET' | 'POST' | 'DELETE') => [
    { headers: {} },
    { headers: { ...asked, host: 'evil.test' } },
    { headers: { ...asked, origin: 'https://evil.test' } },
    { headers: asked, query: { nonsense: '1' } },
    ...(method === 'GET'
      ? []
      : [
          { headers: asked, payload: '{' },
          { headers: asked, payload: '{}' },
          { headers: asked, payload: `"${'a'.repeat(2 ** 20)}"` },
          { headers: { ...asked, 'content-type': 'text/xml' }, payload: '<' },
        ]),
  ]
  try {
    for (const { name, operation } of operations()) {
      const [method = '', path = ''] = name.split(' ')
      for (const id of ['nonsense', '00000000-0000-7000-8000-000000000000', 'a'.repeat(200)]) {
        const url = path.replace(/\{\w+\}/, id)
        for (const request of tries(method as 'GET')) {
          const { statusCode } = await guarded.app.inject({ method: method as 'GET', url, ...request })
          expect([name, Object.keys(operation.responses)]).toEqual([
            name,
            expect.arrayContaining([String(statusCode)]),
          ])
        }
        if (url === path) break
      }
    }
  } finally {
    await guarded.app.close()
  }
})
