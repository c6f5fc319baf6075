import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

describe('partial transcripts', () => {
  test('come while one speaks, stable where two agree, and none after the final one', async () => {
    live = await createLiveApp({ script: { transcript: 'What is' } })
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    expect(await client.next('transcript.partial')).toMatchObject({ text: 'What is', stableLength: 0 })
    live.script.transcript = 'What is the time?'
    await sleep(30)
    client.say(600)
    const second = await client.next('transcript.partial')
    expect(second).toMatchObject({ text: 'What is the time?', stableLength: 7 })
    client.silence(600)
    await client.next('turn.done')
    const types = client.types()
    expect(types.lastIndexOf('transcript.partial')).toBeLessThan(types.indexOf('transcript.final'))
  })

  test('a slow one is cancelled for the decoding that counts', async () => {
    live = await createLiveApp({ script: { recognizeMs: 10_000 } })
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    await client.next('speech.started')
    await expect.poll(() => live.calls).toContain('recognize whisper-tiny.en-q8_0')
    live.script.recognizeMs = 5
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(live.calls).toContain('recognize whisper-tiny.en-q8_0 aborted')
    expect(client.types()).not.toContain('transcript.partial')
  })

  test('can be turned off', async () => {
    live = await createLiveApp({ settings: { PARTIAL_TRANSCRIPTS: 'false' } })
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    await client.next('speech.started')
    await sleep(50)
    expect(live.calls).toEqual([])
    client.silence(600)
    await client.next('turn.done')
    expect(client.types()).not.toContain('transcript.partial')
  })
})
