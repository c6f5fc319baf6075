import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { levelElsewhere } from '../../../server/assembly/speechChoice.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { createRemoteSpeechEngines } from '../../../server/engines/whisper/remoteSpeech.ts'
import type { SpeechEngines } from '../../../server/engines/whisper/speechEngines.ts'
import { createSpeechHosts } from '../../../server/engines/whisper/speechHosts.ts'

const never = new AbortController().signal
const model = { name: 'whisper-tiny.en-q8_0', path: '/anything' }
const servers: Server[] = []
let engines: SpeechEngines | undefined

async function whisper(healthy: () => boolean = () => true, port = 0): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(healthy() ? 200 : 503).end('{"status":"?"}')
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const dead = async () => `http://127.0.0.1:${await freePort()}`

afterEach(async () => {
  await engines?.stop()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('whisper-servers at SPEECH_URL', () => {
  it('are used least busy first, as many at once as there are', async () => {
    const urls = [await whisper(), await whisper()]
    engines = createRemoteSpeechEngines(urls)
    const first = await engines.acquire(model, 'a', never)
    const second = await engines.acquire(model, 'b', never)
    expect([first.baseUrl, second.baseUrl].toSorted()).toEqual(urls.toSorted())
    expect(first).toMatchObject({ cold: false, loadMs: null, engine: `whisper-server at ${first.baseUrl}` })
    const third = engines.acquire(model, 'c', never)
    await new Promise(resolve => setTimeout(resolve, 50))
    second.release()
    expect((await third).baseUrl).toBe(second.baseUrl)
    expect((await third).queueMs).toBeGreaterThan(20)
  })

  it('are left out while they are not healthy', async () => {
    const good = await whisper()
    engines = createRemoteSpeechEngines([await dead(), await whisper(() => false), good])
    for (let turn = 0; turn < 3; turn++) {
      const lease = await engines.acquire(model, 'a', never)
      expect(lease.baseUrl).toBe(good)
      lease.release()
    }
    expect(engines.ready()).toEqual({ ready: true, detail: null })
    expect((await engines.loaded()).map(({ state }) => state)).toEqual(['failed', 'failed', 'ready'])
  })

  it('are each asked one thing at a time, however many ask at once', async () => {
    const urls = [await whisper(), await whisper()]
    const both = createRemoteSpeechEngines(urls)
    engines = both
    const leases = await Promise.all(['a', 'b'].map(owner => both.acquire(model, owner, never)))
    expect(leases.map(({ baseUrl }) => baseUrl).toSorted()).toEqual(urls.toSorted())
  })

  it('have no place at a dead one: who comes second waits for the one that lives', async () => {
    const good = await whisper()
    const one = createRemoteSpeechEngines([await dead(), good])
    engines = one
    let given = 0
    const [first, second] = ['a', 'b'].map(owner =>
      one.acquire(model, owner, never).then(lease => {
        given += 1
        return lease
      }),
    )
    const lease = await first
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(given).toBe(1)
    lease?.release()
    expect(await second).toMatchObject({ baseUrl: good })
    expect((await second)?.queueMs).toBeGreaterThan(20)
  })

  it('have a place again at one that came back, also for those who wait', async () => {
    const port = await freePort()
    const good = await whisper()
    engines = createRemoteSpeechEngines([`http://127.0.0.1:${port}`, good])
    const first = await engines.acquire(model, 'a', never)
    const second = engines.acquire(model, 'b', never)
    await whisper(() => true, port)
    await new Promise(resolve => setTimeout(resolve, 1100))
    engines.ready()
    expect((await second).baseUrl).toBe(`http://127.0.0.1:${port}`)
    expect(first.baseUrl).toBe(good)
  })

  it('that all die while somebody waits are engine_unavailable to those who wait', async () => {
    let isHealthy = true
    engines = createRemoteSpeechEngines([await whisper(() => isHealthy)])
    const held = await engines.acquire(model, 'a', never)
    const waiting = ['b', 'c'].map(owner => engines?.acquire(model, owner, never))
    isHealthy = false
    held.release()
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'engine_unavailable' })
  })

  it('that all fail are engine_unavailable, and are used again when one comes back', async () => {
    const port = await freePort()
    engines = createRemoteSpeechEngines([`http://127.0.0.1:${port}/`])
    await expect(engines.acquire(model, 'a', never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      mend: expect.stringContaining('SPEECH_URL'),
    })
    expect(engines.ready().ready).toBe(false)
    await whisper(() => true, port)
    await new Promise(resolve => setTimeout(resolve, 1100))
    expect((await engines.acquire(model, 'a', never)).baseUrl).toBe(`http://127.0.0.1:${port}`)
  })

  it('give a place back when the one that waited for it leaves', async () => {
    engines = createRemoteSpeechEngines([await whisper()])
    const held = await engines.acquire(model, 'a', never)
    const leaver = new AbortController()
    const waiting = engines.acquire(model, 'b', leaver.signal)
    leaver.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    held.release()
    expect(await engines.acquire(model, 'c', never)).toBeDefined()
  })
})

describe('speech engines that are named for levels', () => {
  it('are asked for theirs, those without a name for any other', async () => {
    const [tiny, base, any] = [await whisper(), await whisper(), await whisper()]
    engines = createSpeechHosts([
      { level: 'whisper-tiny.en-q8_0', url: tiny },
      { level: 'moonshine-base.en-int8', url: base },
      { level: null, url: any },
    ])
    const at = async (name: string) => {
      const lease = await engines?.acquire({ name, path: '' }, 'a', never)
      lease?.release()
      return [lease?.host, lease?.engine]
    }
    expect(await at('whisper-tiny.en-q8_0')).toEqual([tiny, `whisper-server at ${tiny}`])
    expect(await at('moonshine-base.en-int8')).toEqual([base, `moonshine at ${base}`])
    expect(await at('whisper-base.en-q8_0')).toEqual([any, `whisper-server at ${any}`])
    expect((await engines.loaded()).map(({ name, url }) => [name, url])).toEqual([
      ['whisper-tiny.en-q8_0', tiny],
      ['moonshine-base.en-int8', base],
      [any, any],
    ])
  })

  it('refuse a level that none is named for, with those that are', async () => {
    const url = await whisper()
    const hosts = [{ level: 'whisper-base.en-q8_0', url }]
    engines = createSpeechHosts(hosts)
    const refused = { code: 'model_not_found', meaning: expect.stringContaining('whisper-base.en-q8_0') }
    await expect(engines.acquire(model, 'a', never)).rejects.toMatchObject(refused)
    await expect(levelElsewhere(model.name, hosts)).rejects.toMatchObject(refused)
    expect(await levelElsewhere('whisper-base.en-q8_0', hosts)).toMatchObject({
      path: url,
      quantization: 'q8_0',
    })
  })

  it('are ready while some are, and say which are not', async () => {
    const down = await dead()
    engines = createSpeechHosts([
      { level: 'a', url: await whisper() },
      { level: 'b', url: down },
    ])
    await engines.loaded()
    expect(engines.ready()).toEqual({ ready: true, detail: expect.stringContaining(down) })
  })
})
