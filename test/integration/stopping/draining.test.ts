import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectLive } from '../../../scripts/bench/liveClient.ts'
import { startScriptedServer } from '../../support/scriptedServer/start.ts'
import { lostRows } from '../../support/scriptedServer/trials.ts'

const STOP_SECONDS = 3

/** A client that asks for a socket and never closes its side. Resolves with the status. */
function upgrade(port: number, origin: string): Promise<{ status: string; socket: Socket }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const answer = Promise.withResolvers<{ status: string; socket: Socket }>()
  socket.on('error', error => answer.resolve({ status: error.message, socket }))
  socket.on('data', data => answer.resolve({ status: String(data).split(' ')[1] ?? '', socket }))
  socket.write(
    `GET /v1/voice HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: ${origin}\r\n\r\n`,
  )
  return answer.promise
}

test('a stop with a turn that does not end and upgrades that are refused meanwhile, whose peers keep the socket, is over 2 s after STOP_SECONDS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-draining-'))
  const sockets: Socket[] = []
  const settings = { STOP_SECONDS: `${STOP_SECONDS}`, SCRIPTED_TOKEN_MS: '60000' }
  const server = await startScriptedServer(folder, settings)
  try {
    const port = Number(new URL(server.url).port)
    const client = await connectLive(server.url, { mode: 'hands-free', voice: 'none' })
    const closed = Promise.withResolvers<string>()
    client.watch(message => message instanceof Error && closed.resolve(message.message))
    const begun = client.next('reply.delta')
    client.send({ type: 'text', text: 'What is the time?' })
    const { turnId } = await begun
    const refuse = async (origin: string, status: string) => {
      const refused = await upgrade(port, origin)
      sockets.push(refused.socket)
      expect(refused.status).toBe(status)
    }
    for (let n = 0; n < 10; n++) await refuse('https://evil.test', '403')
    const fromMs = performance.now()
    const exited = server.stop()
    await sleep(200)
    for (let n = 0; n < 10; n++) await refuse(server.url, '503')
    expect((await fetch(`${server.url}/acceptz`)).status).toBe(503)
    expect(await exited).toBe(0)
    expect(performance.now() - fromMs).toBeLessThan((STOP_SECONDS + 2) * 1000)
    expect(await closed.promise).toMatch(/1001/)
    expect(await lostRows(server, [turnId])).toEqual([])
  } finally {
    for (const socket of sockets) socket.destroy()
    server.child.kill('SIGKILL')
    await server.exited
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}, 60_000)
