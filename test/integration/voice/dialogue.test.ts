import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../support/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
  live.stages.store.close()
})

describe('a hands-free turn', () => {
  test('goes from speech to a played reply, in this order', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    const done = await client.next('audio.done')
    client.send({ type: 'playback', turnId: done.turnId, event: 'ended', positionMs: done.audioMs })
    const end = await client.next('turn.done')
    expect(client.types().filter((type, index, all) => type !== all[index - 1])).toEqual([
      'ready',
      'speech.started',
      'speech.stopped',
      'transcript.final',
      'reply.delta',
      'audio.started',
      'binary',
      'reply.delta',
      'reply.done',
      'binary',
      'audio.done',
      'turn.done',
    ])
    expect(end).toMatchObject({ outcome: 'completed', heardText: 'It is ten past nine. Good evening.' })
  })
})
