import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { useBalancer } from '../../support/postgres/balancer.ts'

const balancer = useBalancer()
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** Stands for a server of Quantvox that is well and answers turns with this status; `asked` counts them. */
async function answering(status: number) {
  const scene = { asked: 0, url: '' }
  const server = createServer((request, response) => {
    request.resume()
    if (request.method !== 'POST') return void response.end('ok')
    scene.asked++
    response.writeHead(status, { 'retry-after': '5' }).end(`${request.headers['x-quantvox-edge']}`)
  })
  servers.push(server)
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
  scene.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return scene
}

const ask = (url: string) => fetch(`${url}/v1/turns`, { method: 'POST', body: '{"text":"Switch it off."}' })

test('a turn that failed in the end is not asked again by the balancer: its tools have done what they do', async context => {
  const balance = await balancer()
  if (balance === null) return context.skip()
  const [a, b] = [await answering(503), await answering(503)]
  expect((await ask(await balance([a, b]))).status).toBe(503)
  expect(a.asked + b.asked).toBe(1)
}, 60_000)

test('what a server that stops refuses is asked of the other, and is refused with 503 where both stop', async context => {
  const balance = await balancer()
  if (balance === null) return context.skip()
  const [stopping, well] = [await answering(425), await answering(200)]
  const url = await balance([stopping, well])
  for (let turn = 0; turn < 4; turn++) {
    const answer = await ask(url)
    expect([answer.status, await answer.text()]).toEqual([200, '1'])
  }
  expect(stopping.asked).toBeGreaterThan(0)
  const refused = await ask(await balance([stopping, await answering(425)]))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
}, 60_000)

test('who never ends the headers of a request keeps no place at the balancer', async context => {
  const balance = await balancer()
  if (balance === null) return context.skip()
  const { hostname, port } = new URL(await balance([await answering(200), await answering(200)]))
  const slow = connect(Number(port), hostname)
  let said = ''
  slow.on('data', data => (said += data)).on('error', () => {})
  const ended = new Promise(settle => slow.once('close', settle))
  slow.write('GET / HTTP/1.1\r\nHost: localhost\r\n')
  await ended
  expect(said).toMatch(/^HTTP\/1\.1 408 /)
}, 60_000)
