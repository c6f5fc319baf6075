import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp, type LiveClient } from '../../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

describe('what is said after a gap of 2 s in the frames, hands-free,', () => {
  test.each<[string, object, (client: LiveClient) => Promise<void>]>([
    [
      'is no more of what nobody took',
      { bargeIn: { minSpeechMs: 1000 } },
      async client => {
        live.script.tokenMs = 100
        client.send({ type: 'text', text: 'Well?' })
        await client.next('reply.delta')
        client.say(320)
        await client.next('turn.done')
      },
    ],
    ['is no more of a sound that was too short for speech', {}, async client => client.say(100)],
    [
      'is no more of what was dropped',
      {},
      async client => {
        client.say(320)
        await client.next('speech.started')
        client.send({ type: 'cancel' })
        await client.next('turn.done')
      },
    ],
  ])('%s', async (_what, start, before) => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none', ...start })
    await before(client)
    await sleep(2200)
    client.say(800)
    client.silence(600)
    const { positionMs } = await client.next('speech.started')
    expect(positionMs).toBeGreaterThan(64)
    const { timings } = await client.next('turn.done')
    expect(timings).toMatchObject({ outcome: 'completed' })
    expect(timings.speech.speechMs).toBeLessThan(900)
  })
})
