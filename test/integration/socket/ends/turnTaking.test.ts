import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../../server/errors.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const pressed = { mode: 'push-to-talk', voice: 'none' }
const doneOf = (client: LiveClient) =>
  client.heard.flatMap(message => (message.type === 'turn.done' ? [message] : []))
const begunOf = (client: LiveClient) =>
  client.heard.flatMap(message => (message.type === 'speech.started' ? [message.turnId] : []))

/** Every turn that was begun has ended once, and the session still answers. */
async function isAlive(client: LiveClient): Promise<void> {
  client.send({ type: 'text', text: 'Are you there?' })
  await expect.poll(() => doneOf(client).some(({ outcome }) => outcome === 'completed')).toBe(true)
  await expect
    .poll(() => doneOf(client).map(({ turnId }) => turnId))
    .toEqual(expect.arrayContaining(begunOf(client)))
  const ids = doneOf(client).map(({ turnId }) => turnId)
  expect(new Set(ids).size).toBe(ids.length)
}

/** A server whose sessions are over stops at once. */
async function stopsSoon(): Promise<void> {
  const stopped = live.app.close().then(() => 'stopped')
  expect(await Promise.race([stopped, sleep(2000, 'still running')])).toBe('stopped')
}

describe('commit before the ear has heard what came before', () => {
  test('and begin in the same tick: both turns end', async () => {
    live = await createLiveApp()
    const client = await live.connect(pressed)
    client.send({ type: 'begin' })
    client.say(1000)
    client.send({ type: 'commit' })
    client.send({ type: 'begin' })
    client.say(400)
    client.send({ type: 'commit' })
    await expect.poll(() => doneOf(client).length).toBe(2)
    expect(doneOf(client).map(({ outcome }) => outcome)).toEqual(['interrupted', 'completed'])
    await isAlive(client)
    await stopsSoon()
  })

  test('after six seconds of audio at once', async () => {
    live = await createLiveApp()
    const client = await live.connect(pressed)
    client.send({ type: 'begin' })
    client.say(6000)
    client.send({ type: 'commit' })
    client.send({ type: 'begin' })
    await client.next('turn.done')
    client.send({ type: 'cancel' })
    await isAlive(client)
    await stopsSoon()
  })

  test('and another mode in the same tick: what was committed is answered', async () => {
    live = await createLiveApp()
    const client = await live.connect(pressed)
    client.send({ type: 'begin' })
    client.say(1000)
    client.send({ type: 'commit' })
    client.send({ type: 'configure', requestId: '1', mode: 'hands-free' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    await isAlive(client)
  })

  test('hands-free, and another mode in the same tick: what was committed is answered', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.say(1000)
    client.send({ type: 'commit' })
    client.send({ type: 'configure', requestId: '1', mode: 'push-to-talk' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    await isAlive(client)
  })

  test('where MAX_UTTERANCE_SECONDS committed it: both turns end', async () => {
    live = await createLiveApp({ settings: { MAX_UTTERANCE_SECONDS: '5' } })
    const client = await live.connect(pressed)
    client.send({ type: 'begin' })
    client.say(5200)
    client.send({ type: 'begin' })
    client.say(400)
    client.send({ type: 'commit' })
    await expect.poll(() => doneOf(client).length).toBe(2)
    await isAlive(client)
    await stopsSoon()
  })
})

describe('what is dropped in mid-speech, hands-free,', () => {
  test.each([
    ['cancel', { type: 'cancel' }, 0],
    ['text', { type: 'text', text: 'Typed instead.' }, 1],
  ])('%s: frames that the ear has still to hear begin no turn', async (_name, message, answered) => {
    live = await createLiveApp({ script: { recognizeMs: 50 } })
    const client = await live.connect({ voice: 'none' })
    client.say(900)
    client.send(message)
    // It was said to its end, as people do.
    client.say(500)
    client.silence(900)
    await sleep(400)
    const outcomes = doneOf(client).map(({ outcome }) => outcome)
    expect(outcomes.filter(outcome => outcome !== 'discarded')).toEqual(Array(answered).fill('completed'))
    expect(client.types()).not.toContain('interrupted')
    expect(begunOf(client).length).toBe(outcomes.length - answered)
    client.say(900)
    client.silence(900)
    await expect
      .poll(() => doneOf(client).filter(({ outcome }) => outcome === 'completed'))
      .toHaveLength(answered + 1)
  })
})

describe('a session that is not ready', () => {
  test('because nobody knows its language model ends its start with model_loading', async () => {
    live = await createLiveApp()
    live.stages.settings.llmModel = () => new Promise(() => {})
    const client = await live.connect(null)
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    await sleep(8000)
    expect(await client.next('error')).toMatchObject({ code: 'model_loading', recoverable: true })
    live.stages.settings.llmModel = async () => 'fake:1b-q4_K_M'
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    await client.next('ready')
  })

  test('holds ten seconds of audio and no more', async () => {
    live = await createLiveApp()
    live.stages.settings.llmModel = () => new Promise(() => {})
    const client = await live.connect(null)
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    client.silence(9900)
    await sleep(5100)
    expect(client.types()).toEqual([])
    client.silence(200)
    expect(await client.next('error')).toMatchObject({ code: 'model_loading' })
  })
})

test('a socket that starts no session gives its place back after 10 s', async () => {
  live = await createLiveApp({ settings: { MAX_SESSIONS: '1' } })
  const idle = await live.connect(null)
  await sleep(8000)
  expect(await idle.next('error')).toMatchObject({ code: 'invalid_state', recoverable: true })
  expect(await idle.closed).toBe(1008)
  // The place is free once the socket is gone, at the latest 2 s after the close frame.
  await expect.poll(() => live.connect().catch(() => null), { timeout: 5000 }).toBeTruthy()
})

describe('frames that stop in mid-speech', () => {
  test.each([['hands-free'], ['push-to-talk']])('end the utterance, %s', async mode => {
    live = await createLiveApp()
    const client = await live.connect({ mode, voice: 'none' })
    if (mode === 'push-to-talk') client.send({ type: 'begin' })
    client.say(800)
    await client.next('speech.started')
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(doneOf(client)[0]?.timings.fromSpeechEnd.commitMs).toBeNull()
  })
})

describe('a question that', () => {
  test('failed does not come with the next one', async () => {
    live = await createLiveApp({ script: { respondError: new QuantvoxError('engine_failed', 'It broke.') } })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'What is the time?' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'failed' })
    live.script.respondError = null
    client.send({ type: 'text', text: 'Try again.' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(live.lastPrompt().filter(({ role }) => role === 'user')).toEqual([
      { role: 'user', content: 'Try again.' },
    ])
  })

  test('failed after some of its answer was heard stays, with what was heard', async () => {
    live = await createLiveApp({
      script: { respondErrorAfter: 6, respondError: new QuantvoxError('engine_failed', 'It broke.') },
    })
    live.script.reply = ['It is ten past nine. ', 'Good evening. ', 'And ', 'so ', 'on ', 'and ', 'on.']
    live.script.tokenMs = 60
    const client = await live.connect()
    client.send({ type: 'text', text: 'What is the time?' })
    const { heardText } = await client.next('turn.done')
    expect(heardText).toMatch(/^It is/)
    live.script.respondError = null
    client.send({ type: 'text', text: 'Go on.' })
    await client.next('audio.done')
    expect(live.lastPrompt().slice(1)).toEqual([
      { role: 'user', content: 'What is the time?' },
      { role: 'assistant', content: heardText },
      { role: 'user', content: 'Go on.' },
    ])
  })

  test('is refused leaves the history as it was', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'What is the time?' })
    await client.next('turn.done')
    client.send({ type: 'text', text: 'long '.repeat(15_000) })
    expect(await client.next('error')).toMatchObject({ code: 'context_exceeded' })
    await client.next('turn.done')
    client.send({ type: 'text', text: 'And now?' })
    await client.next('turn.done')
    expect(live.lastPrompt().map(({ content }) => content)).toEqual([
      'Be short.',
      'What is the time?',
      'It is ten past nine. Good evening.',
      'And now?',
    ])
  })
})

test('a row that cannot be written ends its turn all the same, once', async () => {
  live = await createLiveApp()
  live.stages.store.insert = () => {
    throw new Error('the record is gone')
  }
  const client = await live.connect({ voice: 'none' })
  client.send({ type: 'text', text: 'What is the time?' })
  expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
  client.send({ type: 'text', text: 'And now?' })
  await client.next('turn.done')
  expect(doneOf(client)).toHaveLength(2)
  expect(live.lastPrompt().filter(({ role }) => role === 'user')).toHaveLength(2)
})

describe('a turn that is still being said', () => {
  test('is dropped by interrupt with its id', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    const { turnId } = await client.next('speech.started')
    client.send({ type: 'interrupt', turnId })
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'discarded' })
  })

  test.each(['stopped', 'ended', 'progress'])('goes on whatever playback "%s" says of it', async event => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    const { turnId } = await client.next('speech.started')
    client.send({ type: 'playback', turnId, event, positionMs: 0 })
    client.silence(700)
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'completed' })
  })
})

test('an utterance that ends after the button went up is no earlier than the button', async () => {
  live = await createLiveApp()
  const client = await live.connect(pressed)
  client.send({ type: 'begin' })
  client.say(810)
  client.send({ type: 'commit' })
  const { timings } = await client.next('turn.done')
  expect(timings.fromSpeechEnd.commitMs).toBeGreaterThanOrEqual(0)
  expect(timings.fromSpeechEnd.turnDecidedMs).toBeGreaterThanOrEqual(timings.fromSpeechEnd.commitMs ?? 0)
})
