import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import { SCORE, scriptedWakeWords, WORD } from '../../support/hearing/scriptedWakeWords.ts'

const waiting = { mode: 'wake-word', voice: 'none' }
let live: LiveApp
let words: ReturnType<typeof scriptedWakeWords>
beforeEach(() => {
  words = scriptedWakeWords(['hey-jarvis', 'alexa'])
})
afterEach(() => live.app.close())

const open = async (script = {}, start: object = waiting) => {
  live = await createLiveApp({ script, wakeWords: words.wakeWords })
  return await live.connect(start)
}

/** 960 ms of speech whose last step ends the wake word. */
function sayWakeWord(client: LiveClient): void {
  client.say(880)
  const step = new Int16Array(1280).fill(8000)
  step[1279] = WORD
  client.socket.send(Buffer.from(step.buffer))
}

/** The word and a question in one breath, and the silence after it. */
function askInOneBreath(client: LiveClient): void {
  sayWakeWord(client)
  client.say(960)
  client.silence(800)
}

describe('a session that waits for a wake word', () => {
  test('hears nothing of what is said before it', async () => {
    const client = await open()
    client.silence(320)
    client.say(1600)
    client.silence(1600)
    client.send({ type: 'commit' })
    client.send({ type: 'cancel' })
    client.send({ type: 'text', text: 'Typed.' })
    const { turnId } = await client.next('turn.done')
    expect(client.types().filter(type => type === 'speech.started' || type === 'error')).toEqual([])
    expect(client.heard.filter(({ type }) => type === 'turn.done')).toMatchObject([{ turnId }])
  })

  test('answers what is said with it in one breath, without it, and is told of it first', async () => {
    const client = await open({ transcript: 'Hey Jarvis, what is the time?' })
    client.silence(640)
    askInOneBreath(client)
    expect(await client.next('wake.detected')).toMatchObject({
      phrase: 'hey-jarvis',
      score: SCORE,
      positionMs: 1600,
    })
    const done = await client.next('turn.done')
    expect(done.outcome).toBe('completed')
    const types = client.types()
    expect(types.indexOf('wake.detected')).toBeLessThan(types.indexOf('speech.started'))
    const texts = client.heard.flatMap(message => ('text' in message ? [message] : []))
    expect(texts.filter(({ type }) => type === 'transcript.final')).toMatchObject([
      { text: 'What is the time?' },
    ])
    for (const { type, text } of texts) if (type === 'transcript.partial') expect(text).not.toMatch(/jarvis/i)
    expect(live.lastPrompt().at(-1)?.content).toBe('What is the time?')
    // All of the question is heard, from the word on.
    expect(done.timings.speech.speechMs).toBeGreaterThanOrEqual(960 + 960 - 64)
    expect(done.timings).toMatchObject({ source: 'socket' })
  })

  test('takes a follow-up without it, and nothing after 8 s of silence', async () => {
    const client = await open({ transcript: 'And tomorrow?' })
    askInOneBreath(client)
    await client.next('turn.done')
    client.say(960)
    client.silence(800)
    await client.next('turn.done')
    expect(client.types().filter(type => type === 'wake.detected')).toHaveLength(1)
  })

  test('goes on listening after the word alone, which is no question', async () => {
    const client = await open({ transcript: 'Hey, Jarvis.' })
    sayWakeWord(client)
    client.silence(800)
    expect((await client.next('turn.done')).outcome).toBe('no-speech')
    live.script.transcript = 'What is the time?'
    client.say(960)
    client.silence(800)
    expect((await client.next('turn.done')).outcome).toBe('completed')
    expect(live.calls.filter(call => call === 'respond')).toHaveLength(1)
  })

  test('stops its reply at the word, and takes what it begins for the next question', async () => {
    const client = await open({ clauseAudioMs: 20_000 }, { ...waiting, voice: 'flite:slt' })
    askInOneBreath(client)
    const { turnId } = await client.next('audio.started')
    client.send({ type: 'playback', turnId, event: 'started', positionMs: 0 })
    askInOneBreath(client)
    expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'barge-in' })
    expect((await client.next('audio.started')).turnId).not.toBe(turnId)
  })

  test('can be told another word and threshold, and another mode', async () => {
    const client = await open()
    client.send({ type: 'configure', requestId: '1', wake: { phrase: 'alexa', threshold: 0.95 } })
    const { settings } = await client.next('configured')
    expect(settings).toMatchObject({ mode: 'wake-word', wake: { phrase: 'alexa', threshold: 0.95 } })
    askInOneBreath(client)
    client.send({ type: 'configure', requestId: '2', wake: { threshold: 0.5 } })
    await client.next('configured')
    expect(client.types()).not.toContain('wake.detected')
    askInOneBreath(client)
    expect(await client.next('wake.detected')).toMatchObject({ phrase: 'alexa' })
    expect(words.opened).toEqual(['hey-jarvis', 'alexa', 'alexa'])
    client.send({ type: 'configure', requestId: '3', mode: 'hands-free' })
    await client.next('configured')
    client.say(960)
    client.silence(800)
    await client.next('speech.started')
  })

  test.each([
    ['start', null],
    ['configure', { mode: 'hands-free', voice: 'none' }],
  ])('is refused with the mend where the word is not here, by %s', async (type, start) => {
    live = await createLiveApp({ wakeWords: words.wakeWords })
    const client = await live.connect(start)
    const wake = { phrase: 'computer' }
    const settings = { mode: 'wake-word', wake }
    client.send(
      type === 'start'
        ? { type, protocol: 1, sampleRate: 16_000, ...settings }
        : { type, requestId: '1', ...settings },
    )
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found', recoverable: true })
  })

  test('says once that it hears nothing, and goes on when it does', async () => {
    const client = await open()
    words.script.trouble = new QuantvoxError('engine_unavailable', 'The wake word detector is not there.')
    client.silence(640)
    expect(await client.next('error')).toMatchObject({ code: 'engine_unavailable', recoverable: true })
    client.send({ type: 'text', text: 'Are you there?' })
    await client.next('turn.done')
    words.script.trouble = null
    askInOneBreath(client)
    await client.next('wake.detected')
    expect(client.types().filter(type => type === 'error')).toHaveLength(1)
  })
})
