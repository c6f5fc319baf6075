import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

/** 2.9 s of audio at once: more than a socket takes that nobody reads. */
const script = { reply: ['It is ten.'], clauseAudioMs: 2900 }

describe('a client that does not read for a while', () => {
  test('gets the whole reply when it reads again, in order', async () => {
    live = await createLiveApp({ script })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    await client.next('reply.delta')
    client.socket.pause()
    await sleep(200)
    const before = client.types().filter(type => type === 'binary').length
    expect(before).toBeLessThan(29)
    client.socket.resume()
    const { turnId, audioMs } = await client.next('audio.done')
    expect(audioMs).toBe(2900)
    expect(client.types().filter(type => type === 'binary')).toHaveLength(29)
    client.send({ type: 'playback', turnId, event: 'ended', positionMs: audioMs })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
  })

  test('gets nothing of a reply after it was interrupted', async () => {
    live = await createLiveApp({ script: { ...script, clauseAudioMs: 20_000 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    await client.next('reply.delta')
    client.socket.pause()
    await sleep(100)
    client.send({ type: 'interrupt' })
    await sleep(50)
    client.socket.resume()
    await client.next('turn.done')
    const after = client.types().slice(client.types().indexOf('interrupted') + 1)
    expect(after.filter(type => type !== 'reply.done')).toEqual(['turn.done'])
  })
})
