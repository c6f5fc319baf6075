import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

describe('the end of a turn', () => {
  test('comes by the clock for a client that reports no playback', async () => {
    live = await createLiveApp({ script: { reply: ['Yes.'], clauseAudioMs: 300 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    await client.next('audio.done')
    const sentAt = performance.now()
    const done = await client.next('turn.done')
    expect(performance.now() - sentAt).toBeGreaterThan(1000)
    expect(done).toMatchObject({ outcome: 'completed', heardText: 'Yes.' })
  })

  test('comes with the reply where nobody speaks it', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'Well?' })
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'completed', heardText: 'It is ten past nine. Good evening.' })
    expect(client.types()).not.toContain('audio.started')
  })

  test('waits for the browser where the browser speaks', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'browser' })
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('reply.done')
    client.send({ type: 'playback', turnId, event: 'started', textLength: 0 })
    client.send({ type: 'playback', turnId, event: 'ended', textLength: 34 })
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'completed', heardText: 'It is ten past nine. Good evening.' })
    expect(done.timings.fromSpeechEnd.playbackStartedMs).not.toBeNull()
  })

  test('tells the browser what to say, as our voices are told, and where that stands in the reply', async () => {
    live = await createLiveApp({
      script: { reply: ['It is **5 °C** ', 'in Oslo. See https://a.test/b?c=1 ', '🙂'] },
    })
    const client = await live.connect({ voice: 'browser' })
    client.send({ type: 'text', text: 'Well?' })
    const { text } = await client.next('reply.done')
    const clauses = client.heard.filter(message => message.type === 'reply.clause')
    expect(clauses.map(clause => clause.text)).toEqual(['It is 5 degrees Celsius in Oslo.', 'See a dot test'])
    expect(clauses.map(({ start, end }) => text.slice(start, end))).toEqual([
      'It is **5 °C** in Oslo.',
      'See https://a.test/b?c=1 🙂',
    ])
  })

  test('is an interruption where the browser stopped early', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'browser' })
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('reply.done')
    client.send({ type: 'playback', turnId, event: 'stopped', textLength: 9 })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'interrupted', heardText: 'It is ten' })
  })
})
