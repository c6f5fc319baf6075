import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { createAuthority } from '../../support/pools/authority.ts'
import { type Haproxy, useHaproxy } from '../../support/pools/haproxy.ts'
import { startPoolHost } from '../../support/pools/poolHost.ts'

const DIGEST = '5f4d1e0c'.repeat(8)
const operations = resolve(import.meta.dirname, '../../../docs/operations')
const haproxy = useHaproxy()
const names = ['edge', 'router', 'voice-a', 'engines-1', 'engines-2'] as const
const stops: (() => Promise<void>)[] = []
let folder: string
let ours: Record<(typeof names)[number], string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-encryption-'))
  ours = await createAuthority(join(folder, 'ours'), names)
})
afterEach(() => Promise.all(stops.splice(0).map(stop => stop())))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a HAProxy that calls another one is told, by the certificate in this folder. */
const tls = (own: string) => `ssl crt ${own}/host.pem ca-file ${own}/ca.pem verify required`

type Known = { folder?: string; authority: string }

/** The status that a client gets at this port of loopback, with the certificate of this folder or none; rejects where it does not get in. */
function statusAs({ folder, authority }: Known, port: number, path: string): Promise<number> {
  const own = folder === undefined ? {} : { cert: pem(folder), key: pem(folder) }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const options = {
    port,
    path,
    ca: readFileSync(join(authority, 'ca.pem')),
    checkServerIdentity: () => undefined,
  }
  const asked = request({ host: '127.0.0.1', ...options, ...own, agent: false }, response => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  asked.once('error', reject)
  asked.end()
  return promise
}
const pem = (own: string) => readFileSync(join(own, 'host.pem'))

async function engineHost(here: Haproxy, name: 'engines-1' | 'engines-2', address: string): Promise<number> {
  const port = await freePort()
  await here.start(join(operations, 'engine-host.cfg'), port, {
    TLS_FOLDER: ours[name],
    ...{ LLM_BIND: `127.0.0.1:${port}`, LLM_LOCAL: address },
    ...{ SPEECH_BIND: `127.0.0.1:${await freePort()}`, SPEECH_LOCAL: address },
  })
  return port
}

test('a host of engines lets the router in by its certificate, and nobody else', async context => {
  const here = await haproxy()
  if (here === null) return context.skip()
  const engine = await startPoolHost(DIGEST)
  stops.push(engine.close)
  const port = await engineHost(here, 'engines-1', engine.address)
  const theirs = await createAuthority(join(folder, 'theirs'), ['router'])
  const { router } = ours
  const authority = router

  expect(await statusAs({ folder: router, authority }, port, '/api/chat')).toBe(200)
  expect(await statusAs({ folder: router, authority }, port, '/api/pull')).toBe(403)
  await expect(statusAs({ authority }, port, '/api/chat')).rejects.toThrow(/certificate required/i)
  await expect(statusAs({ folder: theirs.router, authority }, port, '/api/chat')).rejects.toThrow(
    /unknown ca/i,
  )
  expect(await statusAs({ folder: ours['voice-a'], authority }, port, '/api/chat')).toBe(403)
  await expect(fetch(`http://127.0.0.1:${port}/api/chat`)).rejects.toThrow()
  expect(engine.asked).toEqual(['/api/chat'])
})

test('from a voice server through the router to a host all of it is encrypted, and a host that dies is made up for', async context => {
  const here = await haproxy()
  if (here === null) return context.skip()
  const engine = await startPoolHost(DIGEST)
  const dying = createServer((asked, response) => {
    if (asked.url === '/api/tags') response.end(JSON.stringify({ models: [{ digest: DIGEST }] }))
    else asked.socket.destroy()
  })
  await new Promise<void>(settle => dying.listen(0, '127.0.0.1', settle))
  stops.push(engine.close, async () => void dying.close())
  const dyingAt = `127.0.0.1:${(dying.address() as AddressInfo).port}`
  const hosts = [
    await engineHost(here, 'engines-1', dyingAt),
    await engineHost(here, 'engines-2', engine.address),
  ]
  const [llm, speech, metrics] = [await freePort(), await freePort(), await freePort()]
  const { router, edge, 'voice-a': voice } = ours
  await here.start(join(operations, 'router.cfg'), llm, {
    ...{
      ROUTER_SOCKET: join(folder, 'admin.sock'),
      METRICS_BIND: `127.0.0.1:${metrics}`,
      LLM_DIGEST: DIGEST,
    },
    ...{ LLM_BIND: `127.0.0.1:${llm}`, SPEECH_BIND: `127.0.0.1:${speech}` },
    ...{ LLM_HOST_1: `127.0.0.1:${hosts[0]}`, LLM_HOST_2: `127.0.0.1:${hosts[1]}` },
    ...{ HOST_TLS: tls(router), ROUTER_TLS: tls(router) },
  })
  const [inside, outside] = [await freePort(), await freePort()]
  const server = await startPoolHost(DIGEST)
  stops.push(server.close)
  await here.start(join(operations, 'voice-host.cfg'), outside, {
    TLS_FOLDER: voice,
    ...{ VOICE_BIND: `127.0.0.1:${outside}`, VOICE_LOCAL: server.address },
    ...{ LLM_BIND: `127.0.0.1:${inside}`, ROUTER_LLM: `127.0.0.1:${llm}` },
    ...{ SPEECH_BIND: `127.0.0.1:${await freePort()}`, ROUTER_SPEECH: `127.0.0.1:${speech}` },
  })

  const places: (string | null)[] = []
  for (let turn = 0; turn < 6; turn++) {
    const answer = await fetch(`http://127.0.0.1:${inside}/api/chat`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(200)
    places.push(answer.headers.get('x-engine-host'))
  }
  expect(new Set(places)).toEqual(new Set(['o2']))
  await expect(statusAs({ authority: voice }, llm, '/api/chat')).rejects.toThrow(/certificate required/i)
  // The edge gets in to the voice server, another machine of ours does not.
  expect(await statusAs({ folder: edge, authority: edge }, outside, '/acceptz')).toBe(200)
  expect(await statusAs({ folder: router, authority: edge }, outside, '/acceptz')).toBe(403)
  await expect(statusAs({ authority: edge }, outside, '/acceptz')).rejects.toThrow(/certificate required/i)
  // Where the server does not run, the edge is told to ask another one.
  await server.close()
  expect(await statusAs({ folder: edge, authority: edge }, outside, '/acceptz')).toBe(425)
})

test('the edge calls voice servers by its certificate where it has one', async context => {
  const here = await haproxy()
  if (here === null) return context.skip()
  await here.check(join(operations, 'haproxy.cfg'), { VOICE_TLS: tls(ours.edge) })
  await expect(here.check(join(operations, 'haproxy.cfg'), { VOICE_TLS: tls('/none') })).rejects.toThrow(
    /none/,
  )
})
