import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../../server/protocol/problem.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
beforeAll(async () => {
  live = await createLiveApp({ settings: { AUTH_TOKEN: 'a-token-of-some-length' } })
  await live.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => live.app.close())

/** What the server says to bytes: status, media type, and the body as JSON. */
async function say(bytes: string) {
  const socket = connect((live.app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes)
  let answer = ''
  for await (const part of socket) answer += part
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return {
    status: Number(head.split(' ')[1]),
    type: /content-type: (.*)/i.exec(head)?.[1],
    problem: JSON.parse(body) as Problem,
  }
}

const get = (path: string, ...headers: string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`
const host = 'Host: localhost'

describe('what is refused before there is a route is told as problem details', () => {
  test.each([
    ['an address that is none', 400, 'invalid_request', get('/v1/%ff', host)],
    ['an id of 3,000 letters', 413, 'too_large', get(`/v1/turns/${'a'.repeat(3000)}`, host)],
    ['headers of 20 KB', 431, 'too_large', get('/livez', host, `X-Long: ${'a'.repeat(20_000)}`)],
    ['an address of 20 KB', 431, 'too_large', get(`/${'a'.repeat(20_000)}`, host)],
    ['a header without a colon', 400, 'invalid_request', get('/livez', host, 'nonsense')],
    ['a header with a NUL', 400, 'invalid_request', get('/livez', host, 'X-Nul: a\0b')],
    ['two lengths', 400, 'invalid_request', get('/livez', host, 'Content-Length: 1', 'Content-Length: 2')],
    [
      'a length beside chunks',
      400,
      'invalid_request',
      get('/livez', host, 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    ],
    ['an unknown method', 400, 'invalid_request', 'NONSENSE / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['TLS', 400, 'invalid_request', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['an expectation of nobody', 401, 'unauthorized', get('/v1/info', host, 'Expect: the-best')],
    ['no Host', 400, 'invalid_request', get('/livez')],
    ['two Hosts', 400, 'invalid_request', get('/livez', host, 'Host: evil.test')],
    ['the same Host twice', 400, 'invalid_request', get('/livez', host, host)],
    [
      'a file outside of the documentation',
      404,
      'not_found',
      get('/docs/static/%2e%2e/%2e%2e/package.json', host),
    ],
  ])('%s', async (_what, status, code, bytes) => {
    const answer = await say(bytes)
    expect(answer).toMatchObject({ status, problem: { status, code } })
    expect(answer.type).toMatch(/^application\/problem\+json/)
    expect(answer.problem.detail).toMatch(/\w{4}.*\.$/)
  })
})

test('no refusal of a plugin is a fault of the server', async () => {
  const token = { authorization: 'Bearer a-token-of-some-length' }
  const refused = [
    { url: '/docs/static/%2e%2e%2fpackage.json' },
    { url: '/docs/static/swagger-ui.css', headers: { range: 'bytes=99999999-' } },
    { url: '/docs/static/swagger-ui.css', headers: { 'if-match': '"another"' } },
    {
      url: '/v1/turns',
      method: 'POST' as const,
      headers: { ...token, 'content-type': 'multipart/form-data' },
      payload: 'x',
    },
    {
      url: '/v1/tickets',
      method: 'POST' as const,
      headers: { ...token, 'content-type': 'application/json' },
      payload: '{',
    },
    {
      url: '/v1/tickets',
      method: 'POST' as const,
      headers: { ...token, 'content-type': 'text/xml' },
      payload: '<',
    },
    {
      url: '/v1/models/speech/pull',
      method: 'POST' as const,
      headers: { ...token, accept: 'text/html' },
      payload: {},
    },
  ]
  for (const request of refused) {
    const answer = await live.app.inject(request)
    const { status, code } = answer.json() as Problem
    expect([request.url, answer.statusCode, status, code]).toEqual([
      request.url,
      status,
      expect.toSatisfy((value: number) => value >= 400 && value < 500),
      expect.stringMatching(/^[a-z_]+$/),
    ])
  }
})

test('the documentation runs nothing that is not a file of it', async () => {
  for (const url of ['/docs', '/docs/', '/docs/static/swagger-initializer.js']) {
    const policy = String((await live.app.inject(url)).headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
  }
})
