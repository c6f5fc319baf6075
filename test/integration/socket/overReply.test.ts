import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import type { Script } from '../../support/fakes/fakeStages.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const long = { reply: ['It is nine in Rome. ', 'It is ten in Athens. ', 'It is late.'], clauseAudioMs: 2000 }

/** A reply that plays, which a client tells of. */
async function whileItPlays(
  transcript: string,
  script: Partial<Script> = {},
): Promise<{ client: LiveClient; turnId: string }> {
  live = await createLiveApp({ script: { ...long, transcript, ...script } })
  const client = await live.connect()
  client.send({ type: 'text', text: 'Well?' })
  const { turnId } = await client.next('audio.started')
  client.send({ type: 'playback', turnId, event: 'started', positionMs: 0 })
  await client.next('binary')
  return { client, turnId }
}

function say(client: LiveClient, ms: number): void {
  client.say(ms)
  client.silence(600)
}

const row = (turnId: string) => live.stages.store.get(turnId)
const asked = () => live.calls.filter(call => call === 'respond').length

describe('what is said over a reply', () => {
  test('and is a listening word makes it quieter, then still, and lets it go on; it is no question', async () => {
    const { client, turnId } = await whileItPlays('Mm-hm.')
    client.say(128)
    expect(await client.next('ducked')).toMatchObject({ turnId })
    client.say(400)
    expect(await client.next('paused')).toMatchObject({ turnId })
    client.silence(600)
    expect(await client.next('resumed')).toMatchObject({ turnId })
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'discarded' })
    expect(await row(done.turnId)).toMatchObject({
      outcome: 'discarded',
      transcript: 'Mm-hm.',
      heardText: null,
    })
    client.send({ type: 'playback', turnId, event: 'ended' })
    await client.next('audio.done')
    client.send({ type: 'playback', turnId, event: 'ended' })
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'completed' })
    expect(asked()).toBe(1)
    client.send({ type: 'text', text: 'And?' })
    await client.next('reply.delta')
    expect(live.lastPrompt().map(({ content }) => content)).not.toContain('Mm-hm.')
  })

  test('is sent nothing, and its clock stands still, until it goes on', async () => {
    const { client, turnId } = await whileItPlays('Mm-hm.', { reply: Array(8).fill('It is nine. ') })
    client.say(400)
    await client.next('paused')
    const since = client.heard.length
    await sleep(600)
    expect(client.heard.slice(since).filter(({ type }) => type === 'binary')).toEqual([])
    client.send({ type: 'interrupt', turnId })
    await client.next('interrupted')
    // The client tells nothing of where it stopped: what the server reckons is up to the pause.
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ turnId, outcome: 'interrupted', heardText: '' })
  })

  test.each(['Stop.', 'Wait!', 'Hold on.'])(
    '"%s", however short, ends it and is not answered',
    async words => {
      const { client, turnId } = await whileItPlays(words)
      client.say(224)
      const quiet = setInterval(() => client.silence(20), 20)
      expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'barge-in' })
      expect(client.types()).not.toContain('paused')
      client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 500 })
      expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'interrupted' })
      expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
      clearInterval(quiet)
      expect(asked()).toBe(1)
    },
  )

  test('ends it as soon as two words of it are known, and is answered', async () => {
    const { client, turnId } = await whileItPlays('And in Berlin?')
    client.say(400)
    await client.next('paused')
    client.say(300)
    expect(await client.next('transcript.partial')).toMatchObject({ text: 'And in Berlin?' })
    client.say(20)
    client.say(20)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
    expect(client.types()).not.toContain('speech.stopped')
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 500 })
    client.silence(600)
    await client.next('reply.delta')
    expect(live.lastPrompt().at(-1)?.content).toBe('And in Berlin?')
  })

  test('ends it when it was one word that is no listening word, and is answered', async () => {
    const { client, turnId } = await whileItPlays('Berlin?')
    say(client, 400)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 500 })
    await client.next('reply.delta')
    expect(live.lastPrompt().at(-1)?.content).toBe('Berlin?')
  })

  test('and may be no words makes it still, as words that are not known yet, and lets it go on; it is no question', async () => {
    const { client, turnId } = await whileItPlays('Go to Lee.', { isUnclear: true })
    client.say(1000)
    expect(await client.next('transcript.partial')).toMatchObject({ text: 'Go to Lee.' })
    client.silence(600)
    expect(await client.next('resumed')).toMatchObject({ turnId })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    expect(client.types()).not.toContain('interrupted')
    expect(asked()).toBe(1)
  })

  test('and may be no words ends it after 1200 ms', async () => {
    const { client, turnId } = await whileItPlays('Go to Lee.', { isUnclear: true })
    client.say(1300)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
  })

  test('ends it after 1200 ms where no words are known', async () => {
    const { client, turnId } = await whileItPlays('', { recognizeMs: 60_000 })
    client.say(1300)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
  })

  test('lets it go on after a second where it is not understood, and ends it when it is', async () => {
    const { client, turnId } = await whileItPlays('And in Berlin?', { recognizeMs: 1600 })
    say(client, 400)
    await client.next('paused')
    expect(await client.next('resumed')).toMatchObject({ turnId })
    expect(await client.next('interrupted')).toMatchObject({ turnId })
  })

  test('lets it go on where the recognizer breaks', async () => {
    const broken = new QuantvoxError('engine_failed', 'It broke.')
    const { client, turnId } = await whileItPlays('', { recognizeError: broken })
    say(client, 400)
    await client.next('paused')
    expect(await client.next('resumed')).toMatchObject({ turnId })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
    expect(client.types()).not.toContain('interrupted')
  })

  test('and is an echo of it is told once and ends nothing; from then on it does not stand still', async () => {
    const { client, turnId } = await whileItPlays('It is nine in Rome.')
    client.send({ type: 'playback', turnId, event: 'progress', positionMs: 1900 })
    say(client, 400)
    expect(await client.next('hint')).toMatchObject({ turnId, hint: 'hears-itself' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    say(client, 700)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    const types = client.types()
    expect(types.filter(type => type === 'hint')).toHaveLength(1)
    expect(types.filter(type => type === 'paused')).toHaveLength(1)
    expect(types.lastIndexOf('ducked')).toBeLessThan(types.indexOf('hint'))
    expect(types).not.toContain('interrupted')
    expect(asked()).toBe(1)
  })
})
