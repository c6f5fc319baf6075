import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp, upgradeWith } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

describe('before start', () => {
  test.each([
    { type: 'begin' },
    { type: 'commit' },
    { type: 'text', text: 'Hello?' },
    { type: 'configure', requestId: '1', voice: 'none' },
    { type: 'interrupt' },
    { type: 'playback', turnId: 'x', event: 'started' },
  ])('$type is out of place', async message => {
    live = await createLiveApp()
    const client = await live.connect(null)
    client.send(message)
    expect(await client.next('error')).toMatchObject({ code: 'invalid_state', recoverable: true })
  })

  test('a ping is answered, before start and after it, and is no session', async () => {
    live = await createLiveApp()
    const client = await live.connect(null)
    client.send({ type: 'ping' })
    await client.next('pong')
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    client.send({ type: 'ping' })
    await client.next('pong')
    await client.next('ready')
    expect(client.types()).not.toContain('error')
  })

  test('audio is out of place, and said to be so once', async () => {
    live = await createLiveApp()
    const client = await live.connect(null)
    client.say(200)
    await client.next('error')
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    await client.next('ready')
    expect(client.heard.map(message => 'code' in message && message.code)).toEqual(['invalid_state', false])
  })

  test('an unknown model is refused, and another start is taken', async () => {
    live = await createLiveApp()
    live.stages.speechLevel = async name => {
      if (name === 'whisper-huge') throw new QuantvoxError('model_not_found', 'There is no whisper-huge.')
      return { name, path: '', digest: '', quantization: '' }
    }
    const client = await live.connect(null)
    const start = { type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' }
    client.send({ ...start, speechModel: 'whisper-huge' })
    client.say(100)
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found' })
    client.send({ ...start, voice: 'flite:nobody' })
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found' })
    client.send(start)
    await client.next('ready')
  })

  test('what comes between start and ready is not lost', async () => {
    live = await createLiveApp()
    const client = await live.connect(null)
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'push-to-talk' })
    client.send({ type: 'begin' })
    client.say(500)
    client.send({ type: 'commit' })
    const { turnId } = await client.next('transcript.final')
    expect(client.types().slice(0, 2)).toEqual(['ready', 'speech.started'])
    client.send({ type: 'interrupt', turnId })
  })
})

test('ready says what the session is', async () => {
  live = await createLiveApp({ settings: { SILENCE_MS: '300', BARGE_IN_MS: '0' } })
  const client = await live.connect({ conversationId: 'tea-time', language: 'en' })
  expect(client.heard[0]).toEqual({
    type: 'ready',
    sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    conversationId: 'tea-time',
    protocol: 1,
    settings: {
      sampleRate: 16_000,
      mode: 'hands-free',
      llmModel: 'fake:1b-q4_K_M',
      speechModel: 'whisper-tiny.en-q8_0',
      voice: 'flite:slt',
      language: 'en',
      endpointing: { mode: 'silence', preset: 'balanced', silenceMs: 300 },
      bargeIn: { minSpeechMs: 0 },
      wake: { phrase: 'hey-jarvis', threshold: 0.5 },
    },
  })
})

describe('out of place', () => {
  test('a second start', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    expect(await client.next('error')).toMatchObject({ code: 'invalid_state' })
  })

  test('begin in hands-free, and begin, commit and cancel at the wrong moment in push-to-talk', async () => {
    live = await createLiveApp()
    const handsFree = await live.connect()
    handsFree.send({ type: 'begin' })
    expect(await handsFree.next('error')).toMatchObject({ code: 'invalid_state' })
    const client = await live.connect({ mode: 'push-to-talk' })
    client.send({ type: 'commit' })
    expect(await client.next('error')).toMatchObject({ code: 'invalid_state' })
    client.send({ type: 'cancel' })
    expect(await client.next('error')).toMatchObject({ code: 'invalid_state' })
    client.send({ type: 'begin' })
    client.send({ type: 'begin' })
    expect(await client.next('error')).toMatchObject({ code: 'invalid_state' })
    client.send({ type: 'cancel' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
  })
})

describe('what is not a message', () => {
  test.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['an array', '[]'],
    ['no type', '{}'],
    ['an unknown type', { type: 'sing' }],
    ['a type of Object.prototype', { type: 'toString' }],
    ['a protocol that is not ours', { type: 'start', protocol: 2, sampleRate: 16_000, mode: 'hands-free' }],
    ['a rate of 0', { type: 'start', protocol: 1, sampleRate: 0, mode: 'hands-free' }],
    ['a rate of 96 kHz', { type: 'start', protocol: 1, sampleRate: 96_000, mode: 'hands-free' }],
    ['an unknown mode', { type: 'start', protocol: 1, sampleRate: 16_000, mode: 'telepathy' }],
    ['an unknown field', { type: 'text', text: 'x', volume: 11 }],
    ['blank text', { type: 'text', text: '  ' }],
    ['a silence of 5 ms', { type: 'configure', requestId: '1', endpointing: { silenceMs: 5 } }],
    ['a number for text', { type: 'text', text: 5 }],
    ['a negative position', { type: 'playback', turnId: 'x', event: 'progress', positionMs: -1 }],
  ])('%s is refused, and the session goes on', async (_what, message) => {
    live = await createLiveApp()
    const client = await live.connect(null)
    client.send(message)
    expect(await client.next('error')).toMatchObject({ code: 'invalid_message', recoverable: true })
    client.send({ type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' })
    await client.next('ready')
  })

  test('five times in a row closes with 1008', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    for (let i = 0; i < 4; i++) client.send('nonsense')
    client.send({ type: 'interrupt' })
    for (let i = 0; i < 5; i++) client.send('nonsense')
    expect(await client.closed).toBe(1008)
    expect(client.types().filter(type => type === 'error')).toHaveLength(9)
  })

  test('a binary frame of half a sample, or of more than 200 ms', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.socket.send(Buffer.alloc(641))
    expect(await client.next('error')).toMatchObject({ code: 'audio_invalid' })
    client.socket.send(Buffer.alloc(16_000))
    expect(await client.next('error')).toMatchObject({ code: 'invalid_message' })
  })

  test('bytes that are no UTF-8 close with 1007', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.socket.send(Buffer.from([0xff, 0xfe, 0xfd]), { binary: false })
    expect(await client.closed).toBe(1007)
  })
})

describe('past a limit', () => {
  test('a message over 256 KiB gets an error and 1009', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'text', text: 'x'.repeat(256 * 1024) })
    expect(await client.next('error')).toMatchObject({ code: 'too_large', recoverable: false })
    expect(await client.closed).toBe(1009)
  })

  test('a message over the parser limit gets 1009', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'text', text: 'x'.repeat(2 ** 21) })
    expect(await client.closed).toBe(1009)
  })

  test('audio at more than twice real time gets an error and 1008', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.silence(9_900)
    client.send({ type: 'interrupt' })
    client.silence(200)
    expect(await client.next('error')).toMatchObject({ code: 'audio_too_fast', recoverable: false })
    expect(await client.closed).toBe(1008)
  })

  test('frames of next to nothing count for 5 ms each, so that a flood of them holds nobody up', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    for (let sent = 0; sent <= 2000; sent++) client.socket.send(Buffer.alloc(2 * (sent % 2)))
    expect(await client.next('error')).toMatchObject({ code: 'audio_too_fast' })
    expect(await client.closed).toBe(1008)
  })

  test('more than 30 control messages a second get an error and 1008', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    for (let i = 0; i < 31; i++) client.send({ type: 'interrupt' })
    expect(await client.next('error')).toMatchObject({ code: 'rate_limited' })
    expect(await client.closed).toBe(1008)
  })

  test('a foreign page is refused before the upgrade', async () => {
    live = await createLiveApp()
    const headers = { host: 'localhost', origin: 'https://evil.example' }
    await expect(live.app.injectWS('/v1/voice', upgradeWith(headers))).rejects.toThrow('403')
  })

  test('a socket needs a token or a ticket where there is a token, and a ticket works once', async () => {
    live = await createLiveApp({ settings: { AUTH_TOKEN: 'a-token-of-enough-letters' } })
    const headers = { host: 'localhost' }
    await expect(live.app.injectWS('/v1/voice', upgradeWith(headers))).rejects.toThrow('401')
    const issued = await live.app.inject({
      method: 'POST',
      url: '/v1/tickets',
      headers: { ...headers, authorization: 'Bearer a-token-of-enough-letters' },
      payload: {},
    })
    const { ticket } = issued.json<{ ticket: string }>()
    const socket = await live.app.injectWS(`/v1/voice?ticket=${ticket}`, upgradeWith(headers))
    socket.terminate()
    await expect(live.app.injectWS(`/v1/voice?ticket=${ticket}`, upgradeWith(headers))).rejects.toThrow('401')
  })
})

test('a plain request is told that this is a WebSocket', async () => {
  live = await createLiveApp()
  const answer = await live.app.inject({ url: '/v1/voice', headers: { host: 'localhost' } })
  expect(answer.statusCode).toBe(426)
  expect(answer.json()).toMatchObject({ code: 'invalid_request' })
})

test('the socket is in the OpenAPI document', async () => {
  live = await createLiveApp()
  const answer = await live.app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })
  expect(answer.json<{ paths: object }>().paths).toHaveProperty('/v1/voice')
})

test('a language is taken as people write it', async () => {
  for (const [language, heard] of [
    ['en-US', 'en'],
    ['EN', 'en'],
    ['auto', null],
  ]) {
    live = await createLiveApp()
    const client = await live.connect({ language })
    expect(client.heard[0]).toMatchObject({ type: 'ready', settings: { language: heard } })
    client.leave()
    await live.app.close()
  }
  live = await createLiveApp()
})

test('a language that is none, or that the speech model does not hear, is refused with what there is', async () => {
  live = await createLiveApp()
  const client = await live.connect(null)
  const start = { type: 'start', protocol: 1, sampleRate: 16_000, mode: 'hands-free' }
  client.send({ ...start, language: 'klingon' })
  expect(await client.next('error')).toMatchObject({
    code: 'invalid_message',
    mend: expect.stringContaining('zh'),
  })
  client.send({ ...start, language: 'de' })
  expect(await client.next('error')).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('English only'),
  })
  client.send({ ...start, language: 'de-AT', speechModel: 'whisper-base-q8_0' })
  expect(await client.next('ready')).toMatchObject({ settings: { language: 'de' } })
  client.send({ type: 'configure', requestId: 'r', speechModel: 'whisper-tiny.en-q8_0' })
  expect(await client.next('error')).toMatchObject({ code: 'invalid_request', requestId: 'r' })
  client.leave()
})

test('speech that an English-only model does not hear is told once', async () => {
  live = await createLiveApp({ script: { transcript: '', language: 'und' } })
  const client = await live.connect()
  for (let said = 0; said < 2; said++) {
    client.say(800)
    client.silence(600)
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'no-speech', timings: { speech: { language: 'und' } } })
  }
  const hints = client.heard.filter(({ type }) => type === 'hint')
  expect(hints).toMatchObject([{ hint: 'english-only', mend: expect.stringContaining('whisper-base') }])
  client.leave()
})
