import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createRealtimeApp, type RealtimeApp } from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const deltas = (types: string[]) => types.filter(type => type === 'response.output_audio.delta').length

test('a client that does not read for a while gets the whole answer when it reads again, in order', async () => {
  live = await createRealtimeApp({ script: { reply: ['It is ten.'], clauseAudioMs: 20_000 } })
  const client = await live.connectRealtime()
  client.send({ type: 'response.create' })
  await client.next('response.output_audio.delta')
  client.socket.pause()
  await sleep(300)
  expect(deltas(client.types())).toBeLessThan(200)
  client.socket.resume()
  expect((await client.next('response.done')).response.status).toBe('completed')
  expect(deltas(client.types())).toBe(201)
})

test('and one that cancels meanwhile gets nothing more of it', async () => {
  live = await createRealtimeApp({ script: { reply: ['It is ten.'], clauseAudioMs: 60_000 } })
  const client = await live.connectRealtime()
  client.send({ type: 'response.create' })
  await client.next('response.output_audio.delta')
  client.socket.pause()
  await sleep(100)
  client.send({ type: 'response.cancel' })
  await sleep(100)
  client.socket.resume()
  expect((await client.next('response.done')).response.status).toBe('cancelled')
  expect(deltas(client.types())).toBeLessThan(400)
})
