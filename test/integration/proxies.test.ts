import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLanguageModels } from '../../server/llm/models.ts'
import { useProxies, viaProxy } from '../../server/proxies.ts'
import { download } from '../../server/setup/download.ts'
import { failureOf } from '../support/failureOf.ts'

/** Whatever is asked for, the target answers; the proxy tells how it was asked. */
const target = createServer((_request, response) => response.end('target'))
const proxied: string[] = []
const proxy = createServer((request, response) => {
  proxied.push(request.url ?? '')
  response.end('target')
}).on('connect', (request, client) => {
  proxied.push(request.url ?? '')
  const upstream = connect((target.address() as AddressInfo).port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    upstream.pipe(client).pipe(upstream)
  })
  for (const socket of [upstream, client]) socket.on('error', () => {})
})
const listening = (server: typeof target, host: string) =>
  new Promise<void>(resolve => server.listen(0, host, resolve))
let proxyUrl: string

beforeAll(async () => {
  await listening(target, '::')
  await listening(proxy, '127.0.0.1')
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
afterAll(() => {
  for (const server of [target, proxy]) {
    server.closeAllConnections()
    server.close()
  }
})

const port = () => (target.address() as AddressInfo).port
/** Loopback is never asked through a proxy; other hosts fail to be reached where they are not. */
const isProxied = async (host: string) => {
  proxied.length = 0
  await fetch(`http://${host}:${port()}/`, { signal: AbortSignal.timeout(2000) }).then(
    answer => answer.text(),
    () => {},
  )
  expect(viaProxy(`http://${host}/`) !== '').toBe(proxied.length > 0)
  return proxied.length > 0
}

describe('what goes through the proxy, as curl takes the variables', () => {
  test.each<[string, string, boolean]>([
    ['', 'a.test', true],
    ['', '192.0.2.5', true],
    ['', '127.0.0.1', false],
    ['', '127.8.9.10', false],
    ['', 'localhost', false],
    ['', '[::1]', false],
    ['*', 'a.test', false],
    [' *, b.test', 'a.test', false],
    ['b.test', 'a.test', true],
    ['a.test', 'a.test', false],
    ['A.TEST.', 'a.test', false],
    ['.a.test', 'a.test', false],
    ['*.a.test', 'deep.a.test', false],
    ['a.test', 'deep.a.test', false],
    ['a.test', 'bada.test', true],
    ['b.test a.test', 'a.test', false],
    ['192.0.2.0/24', '192.0.2.5', false],
    ['192.0.2.0/24', '192.0.3.5', true],
    ['192.0.2.5', '192.0.2.5', false],
    ['192.0.2.0/99', '192.0.2.5', true],
    ['2001:db8::/32', '[2001:db8::5]', false],
    ['2001:db8::5', '[2001:db8::5]', false],
    ['[2001:db8::5]', '[2001:db8::5]', false],
    ['2001:db8::/32', '[2001:db9::5]', true],
  ])('NO_PROXY="%s": is %s asked through it? %s', async (noProxy, host, expected) => {
    useProxies({ HTTP_PROXY: proxyUrl, NO_PROXY: noProxy }, [`http://${host}:${port()}`])
    expect(await isProxied(host)).toBe(expected)
  })

  test.each<[string, Record<string, string>]>([
    ['http_proxy', {}],
    ['HTTP_PROXY', {}],
    ['all_proxy', {}],
    ['ALL_PROXY', {}],
    ['http_proxy', { HTTP_PROXY: 'http://127.0.0.1:1' }],
  ])('%s names it, with or without http:// (beside %o)', async (variable, others) => {
    for (const address of [proxyUrl, proxyUrl.replace('http://', '')]) {
      useProxies({ ...others, [variable]: address }, [])
      expect(await isProxied('a.test')).toBe(true)
      expect(viaProxy('http://a.test/')).toBe(` through the proxy ${proxyUrl} (${variable})`)
    }
  })

  test('children get the list with this machine in it, and the ranges as they were', () => {
    const environment: Record<string, string> = { HTTP_PROXY: proxyUrl, NO_PROXY: '10.0.0.0/8' }
    useProxies(environment, ['http://10.1.2.3:11434'])
    const entries = environment.no_proxy?.split(',')
    expect(entries).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '10.1.2.3', '127.0.0.1', 'localhost', '::1']),
    )
    expect(environment.NO_PROXY).toBe(environment.no_proxy)
  })

  test('without a proxy the environment stays as it is', () => {
    const environment = { NO_PROXY: 'x' }
    useProxies(environment, [])
    expect([environment, viaProxy('http://a.test/')]).toEqual([{ NO_PROXY: 'x' }, ''])
  })

  test.each(['socks5://127.0.0.1:1080', 'http://'])('%s is refused by the name of its variable', address => {
    expect(() => useProxies({ ALL_PROXY: address }, [])).toThrow(/^ALL_PROXY names no proxy/)
  })
})

describe('an error names the proxy, without its password', () => {
  const { signal } = new AbortController()
  const dead = { HTTP_PROXY: 'http://ada:secret@127.0.0.1:1' }
  const named = 'through the proxy http://127.0.0.1:1 (HTTP_PROXY)'

  test('of a download', async () => {
    useProxies(dead, [])
    const cacheDir = await mkdtemp(join(tmpdir(), 'quantvox-proxied-'))
    const wanted = {
      item: 'x',
      url: 'http://a.test/x',
      destination: join(cacheDir, 'x'),
      sizeBytes: null,
      sha256: null,
    }
    const failure = await download(wanted, { cacheDir, signal, onProgress() {} }).catch(
      (error: Error) => error.message,
    )
    expect(failure).toContain(named)
    await rm(cacheDir, { recursive: true })
  })

  test('of Ollama', async () => {
    useProxies(dead, [])
    const { message } = await failureOf(createLanguageModels(async () => 'http://a.test:11434').list(signal))
    expect(message).toContain(`http://a.test:11434 ${named}`)
    expect(message).not.toContain('secret')
  })
})
