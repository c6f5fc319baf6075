import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePage } from '../../../scripts/page/build.ts'
import { createTestApp, type TestApp } from '../../support/testApp.ts'

const token = 'a-token-of-sixteen'
let served: TestApp
let html: string
beforeAll(async () => {
  const page = await ensurePage(() => {})
  served = await createTestApp({ settings: { AUTH_TOKEN: token }, dependencies: { page } })
  html = (await get('/')).body
})
afterAll(() => served.app.close())

const get = (url: string, headers: Record<string, string> = {}) =>
  served.app.inject({ url, headers: { host: 'localhost', ...headers } })

describe('the page', () => {
  test('needs no token, and is asked for anew each time', async () => {
    const { statusCode, headers } = await get('/')
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(headers['cache-control']).toBe('no-cache')
    expect((await get('/v1/info')).statusCode).toBe(401)
  })

  test('forbids everything that is not a file of its own', async () => {
    const { headers } = await get('/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/unsafe|data:|https?:|\*/)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'permissions-policy': expect.stringContaining('microphone=(self)'),
    })
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|https?:/)
  })

  test('its files have hashed names, are kept for ever and come compressed', async () => {
    const files = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(match => match[1])
    expect(files.length).toBeGreaterThanOrEqual(3)
    for (const file of files) {
      const { statusCode, headers } = await get(`/${file}`, { 'accept-encoding': 'gzip' })
      expect(statusCode).toBe(200)
      expect(file).toMatch(/-[\w-]{8}\.\w+$/)
      expect(headers['cache-control']).toContain('immutable')
      expect(headers['content-encoding']).toBe('gzip')
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  test('what it has not is a problem, as everywhere', async () => {
    const { statusCode, headers } = await get('/assets/nothing.js', { authorization: `Bearer ${token}` })
    expect(statusCode).toBe(404)
    expect(headers['content-type']).toMatch(/problem\+json/)
  })

  test('a second build of the same sources builds nothing', async () => {
    const said: string[] = []
    await ensurePage(text => said.push(text))
    expect(said).toEqual([])
  })
})
