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

  test('answers below the path of PUBLIC_URL, whether a proxy takes that away or leaves it', async () => {
    const page = await ensurePage(() => {})
    const settings = { PUBLIC_URL: 'https://host.example/quantvox' }
    const { app } = await createTestApp({ settings, dependencies: { page } })
    const below = (url: string) => app.inject({ url, headers: { host: 'host.example' } })
    for (const url of ['/quantvox/', '/']) expect((await below(url)).body).toBe(html)
    for (const url of ['/quantvox/livez', '/livez'])
      expect((await below(url)).json()).toEqual({ status: 'alive' })
    const { statusCode, headers } = await below('/quantvox')
    expect([statusCode, headers.location]).toEqual([302, '/quantvox/'])
    expect((await below('/quantvoxer/livez')).statusCode).toBe(404)
    await app.close()
  })

  test('can be installed: a manifest with icons that are there', async () => {
    const href = /<link rel="manifest" href="\.\/([^"]+)"/.exec(html)?.[1]
    const manifest = await get(`/${href}`)
    expect(manifest.headers['content-type']).toMatch(/^application\/manifest\+json/)
    const { icons, start_url } = manifest.json()
    expect(start_url).toBe('./')
    for (const { src, type } of icons) {
      const icon = await get(`/${src.slice(2)}`)
      expect([icon.statusCode, icon.headers['content-type']]).toEqual([200, type])
    }
    expect((await get('/icon-180.png')).statusCode).toBe(200)
    expect(String((await get('/')).headers['content-security-policy'])).toContain("manifest-src 'self'")
  })

  test('a second build of the same sources builds nothing', async () => {
    const said: string[] = []
    await ensurePage(text => said.push(text))
    expect(said).toEqual([])
  })
})
