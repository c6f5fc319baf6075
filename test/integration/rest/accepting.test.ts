import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Readiness } from '../../../server/protocol/info.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'
import { startTestApp } from '../../support/testApp.ts'

test('a process takes work from when it was ready for the first time on, whatever engines do later', async () => {
  let state: Readiness = { ready: false, notReady: [{ what: 'ollama', why: 'It does not answer.' }] }
  const { app } = await startTestApp({ dependencies: { readiness: async () => state } })
  const starting = await app.inject('/acceptz')
  expect([starting.statusCode, starting.json().code]).toEqual([503, 'model_loading'])
  expect(starting.headers['retry-after']).toBe('1')
  state = { ready: true, notReady: [] }
  const taken = await app.inject('/acceptz')
  expect([taken.statusCode, taken.json()]).toEqual([200, { accepting: true }])
  state = { ready: false, notReady: [{ what: 'ollama', why: 'It does not answer.' }] }
  expect((await app.inject('/readyz')).statusCode).toBe(503)
  expect((await app.inject('/acceptz')).statusCode).toBe(200)
})

test('one that is full takes work, for its balancer counts, and one that lets turns end takes none and shows it', async () => {
  const settings = { MAX_SESSIONS: '1', STOP_SECONDS: '20' }
  const live = await createLiveApp({ settings, script: { tokenMs: 60_000 } })
  await live.app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(live.app.server.address() as AddressInfo).port}`
  const ask = (path: string) => fetch(`${url}${path}`)
  const gauges = async () => {
    const text = await (await ask('/metrics')).text()
    const gauge = (name: string) => Number(new RegExp(`^quantvox_${name} (\\d+)$`, 'm').exec(text)?.[1])
    return ['draining', 'sessions_active', 'sessions_capacity', 'turns_active'].map(gauge)
  }
  expect(await gauges()).toEqual([0, 0, 1, 0])
  const client = await live.connect({ voice: 'none' })
  client.send({ type: 'text', text: 'Well?' })
  await client.next('reply.delta')
  expect((await ask('/acceptz')).status).toBe(200)
  const closing = live.app.close()
  const refused = await ask('/acceptz')
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'shutting_down'])
  expect((await ask('/v1/voices')).status).toBe(503)
  expect(await gauges()).toEqual([1, 1, 1, 1])
  client.leave()
  await closing
})
