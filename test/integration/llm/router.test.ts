import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { LanguageModelLeases, LeasedPart } from '../../../server/llm/lease.ts'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { leasesAt, testChat } from '../../support/engines/leasesAt.ts'
import { chatLine, lastLine } from '../../support/engines/scriptedOllama.ts'
import { failureOf } from '../../support/failureOf.ts'

const { signal } = new AbortController()
const model = { name: 'm:q8_0', loaded: false, contextTokens: null, remote: null }
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A router whose hosts answer in that order; what is asked of it is kept. */
async function router(hosts: string[]) {
  const asked: { path: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push({ path, headers: request.headers })
    const host = hosts.shift()
    if (host === undefined) return void response.writeHead(503).end('<html>no place</html>')
    response.setHeader('x-engine-host', host).setHeader('x-queue-ms', '7').setHeader('x-retries', '1')
    const models = [{ name: model.name, model: model.name, size: host.length, digest: `digest of ${host}` }]
    request
      .resume()
      .once('end', () =>
        response.end(path === '/api/chat' ? chatLine('Ten.') + lastLine : JSON.stringify({ models })),
      )
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test('a reply names the host, whether it is that of the conversation, and a load by its time', async () => {
  const { url, asked } = await router(['a', 'a', 'b', 'a'])
  const leases = leasesAt(async () => url)
  const told: unknown[] = []
  for (const affinity of ['one', 'one', 'one', 'two']) {
    const lease = await leases.acquire(model, 'me', signal)
    for await (const part of lease.respond([{ role: 'user', content: 'Hi.' }], signal, { affinity })) {
      if (part.type === 'routed') told.push([part.by, part.affinity])
      // It was not loaded where it was looked up, and answers at once.
      if (part.type === 'done') told.push(part.cold)
    }
    lease.release()
  }
  const by = (host: string) => ({ host, queueMs: 7, retries: 1 })
  expect(told).toEqual([
    [by('a'), null],
    false,
    [by('a'), true],
    false,
    [by('b'), false],
    false,
    [by('a'), null],
    false,
  ])
  expect(asked.map(({ headers }) => headers['x-quantvox-conversation'])).toEqual(['one', 'one', 'one', 'two'])
})

test('what one host says of a tag is not taken for another one’s', async () => {
  const { url } = await router(['a', 'bb'])
  const models = createLanguageModels(async () => url)
  await models.list(signal)
  const [a, b] = [models.there('a', model.name), models.there('bb', model.name)]
  const both = { quantization: null, parameterSize: null }
  expect([a, b].map(there => there?.digest ?? there?.resident?.residentBytes)).toEqual(
    a?.digest == null ? [1, 'digest of bb'] : ['digest of a', 2],
  )
  expect(a).toMatchObject(both)
  expect(b).toMatchObject(both)
  expect(models.there('c', model.name)).toBeNull()
})

test('a router without a place is at_capacity, to be asked again soon', async () => {
  const { url } = await router([])
  const lease = await leasesAt(async () => url).acquire(model, 'me', signal)
  const reply = lease.respond([{ role: 'user', content: 'Hi.' }], signal)
  expect(await failureOf(Array.fromAsync(reply))).toMatchObject({
    code: 'at_capacity',
    retryAfterSeconds: 2,
    recoverable: true,
  })
})

const hostsOf = async (reply: AsyncIterable<LeasedPart>) => {
  const told: unknown[] = []
  for await (const part of reply) if (part.type === 'routed') told.push([part.by.host, part.affinity])
  return told
}
const hi = [{ role: 'user' as const, content: 'Hi.' }]
const spareAt = async (leases: LanguageModelLeases) => {
  const lease = await leases.spare({ ...model, loaded: true, contextTokens: testChat.numCtx }, hi, signal)
  if (lease === null) throw new Error('there was a place')
  return lease
}

test('a try that is dropped is no turn of its conversation, and one that is kept is', async () => {
  const { url } = await router(['a', 'b', 'a', 'b', 'b'])
  const leases = leasesAt(async () => url)
  async function turn() {
    const lease = await leases.acquire(model, 'me', signal)
    const told = await hostsOf(lease.respond(hi, signal, { affinity: 'one' }))
    lease.release()
    return told
  }
  async function tried(isKept: boolean) {
    const lease = await spareAt(leases)
    const told = await hostsOf(lease.respond(hi, signal, { affinity: 'one' }))
    if (isKept) lease.keep()
    lease.release()
    return told
  }
  expect(await turn()).toEqual([['a', null]])
  expect(await tried(false)).toEqual([['b', false]])
  expect(await turn()).toEqual([['a', true]])
  expect(await tried(true)).toEqual([['b', false]])
  expect(await turn()).toEqual([['b', true]])
})

test('a try may be refused by a router, a turn may not; a try that became a turn is asked again', async () => {
  const { url, asked } = await router(['a'])
  const leases = leasesAt(async () => url)
  const turn = await leases.acquire(model, 'me', signal)
  await hostsOf(turn.respond(hi, signal))
  turn.release()
  const dropped = await spareAt(leases)
  expect(await failureOf(hostsOf(dropped.respond(hi, signal)))).toMatchObject({ code: 'at_capacity' })
  dropped.release()
  const kept = await spareAt(leases)
  const reply = hostsOf(kept.respond(hi, signal))
  kept.keep()
  expect(await failureOf(reply)).toMatchObject({ code: 'at_capacity' })
  kept.release()
  expect(asked.map(({ headers }) => headers['x-quantvox-partial'])).toEqual([undefined, '1', '1', undefined])
})
