import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'
import { answerOf, askText } from '../../support/liveServer.ts'
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer/start.ts'
import { lostRows } from '../../support/scriptedServer/trials.ts'

const clients: Socket[] = []
/** A client that never closes its side; resolves with the first line of the answer, or '' where none came. */
function open(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  clients.push(socket)
  const answer = Promise.withResolvers<string>()
  socket.on('error', () => answer.resolve(''))
  socket.on('data', data => answer.resolve(String(data).split('\r\n')[0] ?? ''))
  socket.on('close', () => answer.resolve(''))
  socket.on('connect', () => {
    socket.write(text)
    if (!text.endsWith('\r\n\r\n')) answer.resolve('')
  })
  return answer.promise
}
afterEach(() => {
  for (const socket of clients.splice(0)) socket.destroy()
})

const upgrade = (path: string, headers: Record<string, string> = {}) =>
  [
    `GET ${path} HTTP/1.1`,
    ...Object.entries({
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')

const halfBody =
  'POST /v1/turns HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{'

describe('300 upgrades that are refused leave no socket open', () => {
  let live: LiveApp
  afterEach(() => live.app.close())

  test.each([
    ['401, without a token', 401, { AUTH_TOKEN: 'a-token-of-some-length' }, '/v1/voice', {}],
    ['403, of a foreign page', 403, {}, '/v1/voice', { Origin: 'https://evil.test' }],
    ['403, to a name that is not ours', 403, {}, '/v1/voice', { Host: 'evil.test' }],
    ['404, to nothing', 404, {}, '/v1/nowhere', {}],
    ['200, to a route that is no socket', 200, {}, '/v1/voices', {}],
    ['400, to an address that is none', 400, {}, '/v1/%ff', {}],
    ['426, to another protocol', 426, {}, '/v1/voice', { Upgrade: 'h2c' }],
  ])('%s', async (_how, status, settings, path, headers) => {
    live = await createLiveApp({ settings })
    await live.app.listen({ port: 0, host: '127.0.0.1' })
    await refuse300(live, upgrade(path, headers), status)
  })

  test('503, at capacity', async () => {
    live = await createLiveApp({ settings: { MAX_SESSIONS: '1' } })
    await live.app.listen({ port: 0, host: '127.0.0.1' })
    await live.connect()
    await refuse300(live, upgrade('/v1/voice'), 503)
  })
})

async function refuse300({ app }: LiveApp, request: string, status: number): Promise<void> {
  const { port } = app.server.address() as AddressInfo
  const answers = await Promise.all(Array.from({ length: 300 }, () => open(port, request)))
  expect(new Set(answers.map(line => line.split(' ')[1]))).toEqual(new Set([String(status)]))
  await sleep(1000)
  expect(await new Promise(settle => app.server.getConnections((_error, count) => settle(count)))).toBe(0)
}

describe('a server with refused upgrades and halves of requests', () => {
  let folder: string
  let server: ScriptedServer
  afterEach(async () => {
    server.child.kill('SIGKILL')
    await server.exited
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })

  async function start(settings: Record<string, string> = {}): Promise<number> {
    folder = await mkdtemp(join(tmpdir(), 'quantvox-refused-'))
    server = await startScriptedServer(folder, settings)
    return Number(new URL(server.url).port)
  }

  test('ends within 2 s of SIGTERM, with code 0 and its record closed', async () => {
    const port = await start()
    const { turnId } = await answerOf(askText(server.url, 'What is the time?'))
    for (let client = 0; client < 20; client++) {
      await open(port, upgrade('/v1/voice', { Origin: 'https://evil.test' }))
      await open(port, '')
      await open(port, 'GET /v1/voices HTTP/1.1\r\nHost: local')
      await open(port, halfBody)
    }
    const fromMs = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - fromMs).toBeLessThan(2000)
    expect(existsSync(join(server.dataDir, `${TURN_FILE_NAME}-wal`))).toBe(false)
    expect(await lostRows(server, [turnId])).toEqual([])
  })

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends at once at a second %s, its record closed all the same',
    async signal => {
      await start({ STOP_SECONDS: '30' })
      const { turnId } = await answerOf(askText(server.url, 'What is the time?'))
      // A body that still comes is a request under way, which a stop waits for.
      const port = Number(new URL(server.url).port)
      await open(port, halfBody)
      const more = setInterval(() => clients.at(-1)?.write(' '), 50)
      await sleep(500)
      server.child.kill(signal)
      await sleep(1000)
      expect(server.child.exitCode).toBe(null)
      clearInterval(more)
      const fromMs = performance.now()
      server.child.kill(signal)
      expect(await server.exited).toBe(1)
      expect(performance.now() - fromMs).toBeLessThan(1000)
      expect(existsSync(join(server.dataDir, `${TURN_FILE_NAME}-wal`))).toBe(false)
      expect(await lostRows(server, [turnId])).toEqual([])
    },
  )
})
