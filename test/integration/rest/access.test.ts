import { type AddressInfo, connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTickets } from '../../../server/doors/access/tickets.ts'
import { createLiveApp, upgradeWith } from '../../support/fakes/fakeLive.ts'
import { askText } from '../../support/http.ts'
import { startTestApp, type TestApp, type TestAppOptions } from '../../support/testApp.ts'

async function start(settings: Record<string, string> = {}, options: TestAppOptions = {}): Promise<TestApp> {
  return startTestApp({ ...options, settings })
}
const get = async ({ app }: TestApp, url: string, headers: Record<string, string> = {}) =>
  await app.inject({ method: 'GET', url, headers })

describe('the guard against foreign pages', () => {
  const settings = {
    PUBLIC_URL: 'https://voice.example.org/',
    ALLOWED_ORIGINS: 'https://a.test:8443, http://b.test',
  }

  test.each([
    'localhost:3000',
    'localhost',
    'LOCALHOST:3000',
    '127.0.0.1:3000',
    '127.9.9.9',
    '[::1]:3000',
    '[::1]',
    'voice.example.org',
    'Voice.Example.org',
    'a.test:8443',
    'b.test',
  ])('lets the host %s pass', async host => {
    expect((await get(await start(settings), '/v1/voices', { host })).statusCode).toBe(200)
  })

  test.each([
    'evil.test',
    'evil.test:3000',
    'voice.example.org.evil.test',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'a.test',
    'b.test:81',
    '10.0.0.1:3000',
    '[::2]',
  ])('refuses the host "%s"', async host => {
    const response = await get(await start(settings), '/v1/voices', { host })
    expect([response.statusCode, response.json().code]).toEqual([403, 'forbidden_origin'])
    expect(response.json().mend).toMatch(/PUBLIC_URL/)
  })

  test('tells a person at a browser what to set, as a page', async () => {
    const server = await start(settings)
    const asked = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', host: 'home.test:3000' }
    const { statusCode, headers, body } = await get(server, '/', asked)
    expect(statusCode).toBe(403)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toBe("default-src 'none'")
    expect(body).toContain('ALLOWED_ORIGINS=http://home.test:3000')
    const behindTls = await get(server, '/', { ...asked, 'x-forwarded-proto': 'https' })
    expect(behindTls.body).toContain('ALLOWED_ORIGINS=https://home.test:3000')
    const spoiled = await get(server, '/', { ...asked, host: '<script>alert(1)</script>' })
    expect(spoiled.statusCode).toBe(403)
    expect(spoiled.body).not.toMatch(/<script|ALLOWED_ORIGINS/)
  })

  test.each([
    'https://voice.example.org',
    'https://a.test:8443',
    'http://b.test',
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
  ])('lets pages of %s pass', async origin => {
    expect((await get(await start(settings), '/v1/voices', { origin })).statusCode).toBe(200)
  })

  test.each([
    'https://evil.test',
    'http://voice.example.org',
    'https://voice.example.org:444',
    'https://a.test',
    'http://localhost.evil.test',
    'null',
    'file://',
    'nonsense',
  ])('refuses pages of %s, also where no token is asked for', async origin => {
    const server = await start(settings)
    for (const url of ['/v1/voices', '/livez', '/docs', '/nowhere']) {
      const response = await get(server, url, { origin })
      expect([url, response.statusCode]).toEqual([url, 403])
    }
    expect((await askText(server.app, { text: 'Hi' }, { origin })).statusCode).toBe(403)
    expect(server.calls).toEqual([])
  })

  test('refuses a request that names no host', async () => {
    const { app } = await start()
    await app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.write('GET /v1/voices HTTP/1.0\r\n\r\n')
    let answer = ''
    for await (const part of socket) answer += part
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('without an Origin, as programs send it, everything passes', async () => {
    expect((await askText((await start()).app, { text: 'Hi' })).statusCode).toBe(200)
  })
})

describe('with AUTH_TOKEN', () => {
  const token = 'a-token-of-some-length'
  const start1 = () => start({ AUTH_TOKEN: token })

  test.each([
    ['without a token', {}],
    ['with a wrong token', { authorization: 'Bearer a-token-of-some-lengtH' }],
    ['with the beginning of the token', { authorization: 'Bearer a-token-of' }],
    ['with another scheme', { authorization: `Basic ${token}` }],
    ['with an empty token', { authorization: 'Bearer ' }],
  ])('a request %s is unauthorized, and told how to ask', async (_how, headers) => {
    const server = await start1()
    for (const url of ['/v1/voices', '/v1/turns', '/v1/info', '/v1/summary', '/nowhere', '/docsx']) {
      const response = await get(server, url, headers as Record<string, string>)
      expect([url, response.statusCode, response.json().code]).toEqual([url, 401, 'unauthorized'])
      expect(response.headers['www-authenticate']).toMatch(/^Bearer/)
    }
    const turn = await askText(server.app, { text: 'Hi' }, headers as Record<string, string>)
    expect([turn.statusCode, server.calls]).toEqual([401, []])
  })

  test('the right token opens everything', async () => {
    const server = await start1()
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `Bearer   ${token}`])
      expect((await get(server, '/v1/voices', { authorization })).statusCode).toBe(200)
  })

  test.each([
    '/livez',
    '/readyz',
    '/acceptz',
    '/',
    '/docs',
    '/docs/',
    '/docs/static/index.html',
    '/docs/json',
    '/openapi.json',
  ])('%s needs no token', async url => {
    expect((await get(await start1(), url)).statusCode).toBeLessThan(400)
  })

  test('neither right nor wrong tokens and tickets get into the log', async () => {
    const server = await start({ AUTH_TOKEN: token, LOG_LEVEL: 'trace' })
    await get(server, '/v1/voices', { authorization: `Bearer ${token}` })
    await get(server, '/v1/voices', { authorization: 'Bearer wrong-but-private' })
    await get(server, '/v1/nowhere?ticket=secret-ticket', { authorization: `Bearer ${token}` })
    await get(server, '/v1/voices?ticket=secret-ticket')
    const logged = server.logLines.join('')
    expect(logged).not.toBe('')
    for (const secret of [token, 'wrong-but-private', 'secret-ticket']) expect(logged).not.toContain(secret)
  })

  test('a ticket opens a socket once, and no request', async () => {
    const server = await createLiveApp({ settings: { AUTH_TOKEN: token } })
    onTestFinished(() => server.app.close())
    const issued = await server.app.inject({
      method: 'POST',
      url: '/v1/tickets',
      headers: { authorization: `Bearer ${token}` },
    })
    const { ticket, expiresAt } = issued.json()
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(50_000)
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000)
    const upgrade = { connection: 'upgrade', upgrade: 'websocket' }
    for (const path of ['/v1/voices', '/v1/info', '/v1/turns', '/metrics', '/v1/nowhere', '/v1/voice/'])
      expect([path, (await get(server, `${path}?ticket=${ticket}`, upgrade)).statusCode]).toEqual([path, 401])
    expect((await get(server, `/v1/voices?ticket=${ticket}`)).statusCode).toBe(401)
    const socket = () => server.app.injectWS(`/v1/voice?ticket=${ticket}`, upgradeWith({ host: 'localhost' }))
    ;(await socket()).terminate()
    await expect(socket()).rejects.toThrow('401')
    await expect(
      server.app.injectWS('/v1/voice?ticket=', upgradeWith({ host: 'localhost' })),
    ).rejects.toThrow('401')
    expect((await get(server, '/v1/voices', upgrade)).statusCode).toBe(401)
    expect((await server.app.inject({ method: 'POST', url: '/v1/tickets' })).statusCode).toBe(401)
  })
})

describe('tickets', () => {
  test('are all different, long, and fit for an address', () => {
    const tickets = createTickets()
    const issued = Array.from({ length: 100 }, () => tickets.issue().ticket)
    expect(new Set(issued).size).toBe(100)
    for (const ticket of issued) expect(ticket).toMatch(/^[A-Za-z0-9_-]{32,}$/)
  })
})
