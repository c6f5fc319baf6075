import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOllama, type OllamaEngine } from '../../../server/engines/ollama/ollama.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { quietLog } from '../../support/quietLog.ts'

const fake = fileURLToPath(new URL('../../support/engines/fakeOllama/serve.sh', import.meta.url))
const servers: Server[] = []
const engines: OllamaEngine[] = []

async function answering(body: string, status = 200, port = 0): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = status
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  servers.push(server)
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function create(host: string, hostSetByHand: boolean): { ollama: OllamaEngine; programs: () => number } {
  let asked = 0
  const ollama = createOllama({
    host: `http://${host}`,
    hostSetByHand,
    program: () => {
      asked += 1
      return Promise.resolve({ path: fake, version: '9.9.9' })
    },
    modelsDir: '/models/ollama',
    log: quietLog(),
  })
  engines.push(ollama)
  return { ollama, programs: () => asked }
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map(engine => engine.stop()))
  for (const server of servers.splice(0)) server.close()
})

describe('the Ollama that is used', () => {
  it('is the one that runs already, and none is started', async () => {
    const host = await answering('{"version":"0.17.4"}')
    const { ollama, programs } = create(host, false)
    expect(await ollama.url()).toBe(`http://${host}`)
    expect(await ollama.version()).toBe('0.17.4')
    expect([ollama.owned(), programs()]).toEqual([false, 0])
    expect(ollama.ready()).toEqual({ ready: true, detail: null })
  })

  it('is our own on a free loopback port when nothing answers, with its models where we want them', async () => {
    const { ollama, programs } = create(`127.0.0.1:${await freePort()}`, false)
    const [url, again] = await Promise.all([ollama.url(), ollama.url()])
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(again).toBe(url)
    expect([ollama.owned(), programs(), await ollama.version()]).toEqual([true, 1, '9.9.9'])
    const { arguments: given } = (await (await fetch(`${url}/whoami`)).json()) as { arguments: string[] }
    expect(given).toContain('models=/models/ollama')
    expect(ollama.status()).toMatchObject({ name: 'ollama', state: 'ready' })
  })

  it.each([
    ['answers 500', '{"version":"1"}', 500],
    ['answers garbage', '<html>', 200],
    ['answers other JSON', '{"status":"ok"}', 200],
  ])('is our own when what listens there is not Ollama: %s', async (_what, body, status) => {
    const { ollama } = create(await answering(body, status), false)
    await ollama.url()
    expect(ollama.owned()).toBe(true)
  })

  it('is never started where OLLAMA_HOST was set by hand, but looked for again', async () => {
    const port = await freePort()
    const { ollama, programs } = create(`127.0.0.1:${port}`, true)
    await expect(ollama.url()).rejects.toMatchObject({
      code: 'engine_unavailable',
      mend: expect.stringContaining('OLLAMA_HOST'),
    })
    expect(ollama.ready()).toMatchObject({ ready: false, detail: expect.stringContaining(String(port)) })
    await answering('{"version":"0.17.4"}', 200, port)
    expect(await ollama.url()).toBe(`http://127.0.0.1:${port}`)
    expect(programs()).toBe(0)
  })

  it('is replaced by our own when a running one that nobody named goes away', async () => {
    const host = await answering('{"version":"0.17.4"}')
    const { ollama } = create(host, false)
    await ollama.url()
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
    const gone = new QuantvoxError('engine_unavailable', 'It does not answer.')
    expect(await ollama.explain(gone, `http://${host}`)).toBe(gone)
    expect(await ollama.url()).not.toBe(`http://${host}`)
    expect(ollama.owned()).toBe(true)
  })

  it('is known to be gone, and to be back, without any turn that asks for it', async () => {
    const port = await freePort()
    const { ollama } = create(await answering('{"version":"0.17.4"}', 200, port), true)
    await ollama.url()
    const now = performance.now.bind(performance)
    let laterMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs)
    const isReady = async (wanted: boolean) => {
      for (;;) {
        laterMs += 11_000
        if (ollama.ready().ready === wanted) return
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    for (const server of servers.splice(0)) server.close().closeAllConnections()
    await isReady(false)
    expect(ollama.ready().detail).toContain(String(port))
    await answering('{"version":"0.17.5"}', 200, port)
    await isReady(true)
    vi.restoreAllMocks()
  })

  it('says of a request that failed how ours ended, or what its runner said that it dies of', async () => {
    const { ollama } = create(`127.0.0.1:${await freePort()}`, false)
    const url = await ollama.url()
    const failed = new QuantvoxError('engine_failed', 'The reply broke off.')
    expect(await ollama.explain(failed, url)).toBe(failed)
    await (await fetch(`${url}/say-fault`)).text()
    expect(await ollama.explain(failed, url)).toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('SIGILL: illegal instruction'),
      meaning: expect.stringContaining('this processor does not have'),
    })
    process.kill(ollama.status().pid ?? 0, 'SIGKILL')
    expect(await ollama.explain(failed, url)).toMatchObject({ meaning: expect.stringContaining('memory') })
    // Later too, when the next is up already.
    expect(await ollama.url()).not.toBe(url)
    expect(await ollama.explain(failed, url)).toMatchObject({ message: expect.stringContaining('SIGKILL') })
  })

  it('comes back when ours is killed by hand', async () => {
    const { ollama } = create(`127.0.0.1:${await freePort()}`, false)
    await ollama.url()
    const { pid } = ollama.status()
    process.kill(pid ?? 0, 'SIGKILL')
    while (ollama.status().state === 'ready') await new Promise(resolve => setTimeout(resolve, 5))
    const url = await ollama.url()
    expect((await fetch(`${url}/api/version`)).ok).toBe(true)
    expect(ollama.status().pid).not.toBe(pid)
  })

  it('lets whoever waits for it go at once when they leave', async () => {
    const ollama = createOllama({
      host: `http://127.0.0.1:${await freePort()}`,
      hostSetByHand: false,
      program: () => new Promise(() => undefined),
      modelsDir: '/models',
      log: quietLog(),
    })
    const leaver = new AbortController()
    const url = ollama.url(leaver.signal)
    setTimeout(() => leaver.abort(new Error('left')), 20)
    await expect(url).rejects.toThrow('left')
  })
})
