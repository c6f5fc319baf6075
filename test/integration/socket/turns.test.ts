import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

/** Hears a reply to its end, as a player would. */
async function listen(client: LiveClient) {
  const { turnId, audioMs } = await client.next('audio.done')
  client.send({ type: 'playback', turnId, event: 'ended', positionMs: audioMs })
  return await client.next('turn.done')
}

async function ask(client: LiveClient) {
  client.say(800)
  client.silence(600)
  return await listen(client)
}

describe('a model that thinks', () => {
  test('is told while it does, and a reply of nothing else is told as empty', async () => {
    live = await createLiveApp()
    live.stages.llm = leasesAt(
      async () => 'http://127.0.0.1:1',
      async function* () {
        for (let second = 0; second < 12; second++) {
          yield { type: 'thinking', text: 'hm ' }
          await sleep(100)
        }
      },
    )
    const client = await live.connect()
    client.send({ type: 'text', text: 'Why?' })
    expect(await client.next('thinking')).toMatchObject({ thinkingMs: 0 })
    expect((await client.next('thinking')).thinkingMs).toBeGreaterThan(900)
    expect(await client.next('error')).toMatchObject({ code: 'empty_reply', recoverable: true })
    expect(client.types()).toContain('binary')
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'completed', errorCode: 'empty_reply', heardText: '' })
  })
})

describe('hands-free', () => {
  test('a turn goes from speech to a played reply, in this order', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    const done = await ask(client)
    const told = client.types().filter(type => type !== 'reply.delta' && type !== 'transcript.partial')
    expect(told.filter((type, index) => type !== told[index - 1] || type !== 'binary')).toEqual([
      'ready',
      'speech.started',
      'speech.stopped',
      'transcript.final',
      'audio.started',
      'binary',
      'reply.done',
      'binary',
      'audio.done',
      'turn.done',
    ])
    expect(done).toMatchObject({ outcome: 'completed', heardText: 'It is ten past nine. Good evening.' })
    expect(done.timings.sessionId).toMatch(/^[0-9a-f-]{36}$/)
    expect(done.timings.source).toBe('socket')
  })

  test('positions are those of the first and the end of the last voiced sample', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.silence(320)
    client.say(640)
    client.silence(600)
    expect(await client.next('speech.started')).toMatchObject({ positionMs: 320 })
    expect(await client.next('speech.stopped')).toMatchObject({ positionMs: 960 })
    await listen(client)
  })

  test('the audio of a turn begins before its first voiced sample', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.silence(960)
    client.say(640)
    client.silence(600)
    const done = await listen(client)
    expect(done.timings.speech.audioMs).toBeGreaterThanOrEqual(400 + 640 + 500)
    expect(done.timings.speech.speechMs).toBe(640)
  })

  test('two questions in a row share one conversation', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    await ask(client)
    live.script.transcript = 'And tomorrow?'
    await ask(client)
    expect(live.lastPrompt().map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'system: Be short.',
      'user: What is the time?',
      'assistant: It is ten past nine. Good evening.',
      'user: And tomorrow?',
    ])
    expect(client.heard.filter(({ type }) => type === 'turn.done')).toHaveLength(2)
  })

  test('a pause shorter than the set silence does not split a turn', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.say(400)
    client.silence(400)
    client.say(400)
    client.silence(600)
    const done = await listen(client)
    expect(client.heard.filter(({ type }) => type === 'speech.started')).toHaveLength(1)
    expect(done.timings.speech).toMatchObject({ speechMs: 416 + 416, earlyDecode: 'used' })
  })

  test('a click starts nothing', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.say(96)
    client.silence(800)
    await ask(client)
    expect(client.heard.filter(({ type }) => type === 'speech.started')).toHaveLength(1)
  })

  test('what the recognizer does not take for words ends as no-speech, without a question to the model', async () => {
    live = await createLiveApp({ script: { transcript: '' } })
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    const done = await client.next('turn.done')
    expect(done.outcome).toBe('no-speech')
    expect(live.calls).not.toContain('respond')
    expect(client.types()).not.toContain('transcript.final')
  })

  test('commit ends the utterance now', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.say(800)
    await client.next('speech.started')
    client.send({ type: 'commit' })
    const done = await listen(client)
    expect(done.outcome).toBe('completed')
    expect(done.timings.fromSpeechEnd.commitMs).not.toBeNull()
  })

  test('commit while nobody speaks changes nothing', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'commit' })
    client.silence(100)
    const done = await ask(client)
    expect(done.timings.fromSpeechEnd.commitMs).toBeNull()
    expect(client.types()).not.toContain('error')
  })

  test('an utterance that does not end is ended at the limit', async () => {
    live = await createLiveApp({ settings: { MAX_UTTERANCE_SECONDS: '1' } })
    const client = await live.connect()
    client.say(1100)
    await client.next('speech.stopped')
    expect((await client.next('transcript.final')).text).toBe('What is the time?')
  })

  test('the times run from the last voiced sample', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    const done = await ask(client)
    const { turnDecidedMs, transcriptMs, firstTokenMs, firstClauseMs, firstAudioMs, replyDoneMs } =
      done.timings.fromSpeechEnd
    expect(turnDecidedMs).toBeGreaterThanOrEqual(500)
    expect(transcriptMs).toBeGreaterThan(0)
    const rising = [turnDecidedMs, firstTokenMs, firstClauseMs, firstAudioMs]
    expect(rising).toEqual(rising.toSorted((a, b) => (a ?? 0) - (b ?? 0)))
    expect(replyDoneMs).toBeGreaterThan(firstTokenMs ?? 0)
  })
})

describe('push-to-talk', () => {
  const start = { mode: 'push-to-talk' }

  test('takes exactly what lies between begin and commit', async () => {
    live = await createLiveApp()
    const client = await live.connect(start)
    client.say(320)
    client.send({ type: 'begin' })
    client.silence(200)
    client.say(630)
    client.send({ type: 'commit' })
    client.say(500)
    const done = await listen(client)
    expect(done.outcome).toBe('completed')
    // The last frame of 32 ms is filled up with silence.
    expect(done.timings.speech.audioMs).toBe(832)
    expect(done.timings.fromSpeechEnd.commitMs).not.toBeNull()
    expect(client.heard.find(({ type }) => type === 'speech.started')).toMatchObject({ positionMs: 320 })
    expect(client.heard.filter(({ type }) => type === 'speech.started')).toHaveLength(1)
  })

  test('does not end at a pause', async () => {
    live = await createLiveApp()
    const client = await live.connect(start)
    client.send({ type: 'begin' })
    client.say(320)
    client.silence(1500)
    client.say(320)
    client.send({ type: 'commit' })
    const done = await listen(client)
    expect(done.timings.speech.speechMs).toBe(640)
  })

  test('cancel drops the utterance', async () => {
    live = await createLiveApp()
    const client = await live.connect(start)
    client.send({ type: 'begin' })
    client.say(500)
    client.send({ type: 'cancel' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    client.send({ type: 'begin' })
    client.say(500)
    client.send({ type: 'commit' })
    expect(await listen(client)).toMatchObject({ outcome: 'completed' })
    expect(live.lastPrompt()).toHaveLength(2)
  })

  test('nothing said is no-speech', async () => {
    live = await createLiveApp()
    const client = await live.connect(start)
    client.send({ type: 'begin' })
    client.silence(500)
    client.send({ type: 'commit' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'no-speech' })
    expect(live.calls).toEqual([])
  })

  test('begin interrupts a reply', async () => {
    live = await createLiveApp({ script: { tokenMs: 200 } })
    const client = await live.connect(start)
    client.send({ type: 'text', text: 'Tell me a story.' })
    const { turnId } = await client.next('reply.delta')
    client.send({ type: 'begin' })
    expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'client' })
    client.say(400)
    client.send({ type: 'commit' })
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'interrupted' })
    expect((await client.next('transcript.final')).turnId).not.toBe(turnId)
  })

  test('a button held for ever is let go at the limit', async () => {
    live = await createLiveApp({ settings: { MAX_UTTERANCE_SECONDS: '1' } })
    const client = await live.connect(start)
    client.send({ type: 'begin' })
    client.say(1200)
    expect((await client.next('transcript.final')).text).toBe('What is the time?')
  })
})

describe('a typed turn', () => {
  test('is answered without a recognizer', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'text', text: ' What day is it? ' })
    const done = await listen(client)
    expect(done.outcome).toBe('completed')
    expect(done.timings.speech.model).toBeNull()
    expect(done.timings.fromSpeechEnd.firstTokenMs).toBeGreaterThan(0)
    expect(live.lastPrompt().at(-1)).toEqual({ role: 'user', content: 'What day is it?' })
    expect(live.calls[0]).toBe('respond')
  })

  test('takes the place of what is just being said', async () => {
    live = await createLiveApp()
    const client = await live.connect()
    client.say(600)
    const { turnId } = await client.next('speech.started')
    client.send({ type: 'text', text: 'Never mind.' })
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'discarded' })
    expect(await listen(client)).toMatchObject({ outcome: 'completed' })
  })
})
