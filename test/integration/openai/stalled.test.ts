import { connect } from 'node:net'
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { limitRequests } from '../../../server/doors/openai/rest/asked.ts'

test('a client that takes nothing of its answer any more gives its place back', async () => {
  const app = Fastify()
  onTestFinished(() => app.close())
  limitRequests(app, 1, 300)
  let isLeft = false
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(65_536)
    } finally {
      isLeft = true
    }
  }
  app.get('/endless', (_request, reply) => reply.send(Readable.from(endless())))
  app.get('/short', async () => 'here')
  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))

  const client = connect(Number(address.port), address.hostname).pause()
  onTestFinished(() => void client.destroy())
  client.on('error', () => {})
  client.write('GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await expect.poll(async () => (await fetch(new URL('/short', address))).status).toBe(500)
  await expect.poll(() => isLeft, { timeout: 10_000 }).toBe(true)
  expect((await fetch(new URL('/short', address))).status).toBe(200)
})
