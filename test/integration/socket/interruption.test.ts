import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const long = { reply: ['It is ', 'nine. ', 'It is ', 'ten. ', 'It is ', 'late.'], clauseAudioMs: 2000 }

/** Speech that comes sooner, before anything of a reply is out, is more of the same question. */
const LATER_MS = 3200

function expectNothingAfterInterrupted(client: LiveClient, turnId: string) {
  const types = client.types()
  const cut = types.indexOf('interrupted')
  const started = client.heard.findIndex(
    (message, index) => index > cut && message.type === 'audio.started' && message.turnId !== turnId,
  )
  const after = client.heard.slice(cut + 1, started < 0 ? undefined : started)
  expect(after.filter(({ type }) => type === 'binary')).toEqual([])
}

describe('speech over a reply', () => {
  test('stops it before its first audio, and what was said stays in the history', async () => {
    live = await createLiveApp({ script: { firstTokenMs: 10_000 } })
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    const { turnId } = await client.next('transcript.final')
    live.script.firstTokenMs = 5
    live.script.transcript = 'And in Rome?'
    client.silence(LATER_MS)
    client.say(320)
    expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'barge-in' })
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'interrupted', heardText: '' })
    await client.next('reply.delta')
    expect(live.lastPrompt().at(-1)).toEqual({ role: 'user', content: 'What is the time?\nAnd in Rome?' })
    expect(live.calls).toContain('respond aborted')
  })

  test('stops it while it is still being recognized, without losing what was said', async () => {
    live = await createLiveApp({ script: { recognizeMs: 300 } })
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    const { turnId } = await client.next('speech.stopped')
    client.silence(LATER_MS)
    client.say(320)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'interrupted' })
    await client.next('reply.delta')
    expect(live.lastPrompt().at(-1)?.content).toBe('What is the time?\nWhat is the time?')
  })

  test('and then a typed question: neither waits for a recognizer that hangs', async () => {
    live = await createLiveApp({ script: { recognizeMs: 60_000 } })
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    client.silence(600)
    await client.next('speech.stopped')
    client.silence(LATER_MS)
    client.say(320)
    await client.next('interrupted')
    client.silence(600)
    await client.next('speech.stopped')
    client.send({ type: 'text', text: 'Are you there?' })
    await client.next('interrupted')
    await client.next('reply.done')
    const done = client.heard.flatMap(message => (message.type === 'turn.done' ? [message.outcome] : []))
    expect(done.slice(0, 2)).toEqual(['interrupted', 'interrupted'])
  })

  test('stops it after its first audio: no more of it is sent, and the history ends where it was heard', async () => {
    live = await createLiveApp({ script: long })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('audio.started')
    client.send({ type: 'playback', turnId, event: 'started', positionMs: 0 })
    await client.next('binary')
    client.say(320)
    client.silence(600)
    expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'barge-in' })
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 2400 })
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ turnId, outcome: 'interrupted', heardText: 'It is nine.' })
    expectNothingAfterInterrupted(client, turnId)
    // The next answer may have come whole by then.
    await expect.poll(() => live.lastPrompt().at(-2)).toEqual({ role: 'assistant', content: 'It is nine.' })
  })

  test('stops the playout after the last byte was sent', async () => {
    live = await createLiveApp({ script: { reply: ['It is ten.'], clauseAudioMs: 2000 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('audio.done')
    client.send({ type: 'playback', turnId, event: 'progress', positionMs: 500 })
    client.say(320)
    client.silence(600)
    expect(await client.next('interrupted')).toMatchObject({ turnId })
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 1000 })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'interrupted', heardText: 'It is' })
  })

  test('does not stop it while it is shorter than minSpeechMs, and is discarded then', async () => {
    live = await createLiveApp({ script: long })
    const client = await live.connect({ bargeIn: { minSpeechMs: 400 } })
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('audio.started')
    client.say(320)
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    await client.next('audio.done')
    expect(client.types()).not.toContain('interrupted')
    expect(client.types()).not.toContain('paused')
    client.send({ type: 'interrupt', turnId })
    await client.next('interrupted')
  })

  test('never stops it with minSpeechMs 0', async () => {
    live = await createLiveApp({ script: { ...long, clauseAudioMs: 500 } })
    const client = await live.connect({ bargeIn: { minSpeechMs: 0 } })
    client.send({ type: 'text', text: 'Well?' })
    await client.next('audio.started')
    client.say(1000)
    client.silence(600)
    await client.next('audio.done')
    expect(client.types()).not.toContain('interrupted')
  })

  test('is waited for no longer than a second where the client does not say where it stopped', async () => {
    live = await createLiveApp({ script: long })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('audio.started')
    client.send({ type: 'playback', turnId, event: 'progress', positionMs: 100 })
    client.send({ type: 'interrupt' })
    await client.next('interrupted')
    const since = performance.now()
    await client.next('turn.done')
    const waited = performance.now() - since
    expect(waited).toBeGreaterThan(900)
  })
})

describe('interrupt', () => {
  const stages: [string, object, 'speech.stopped' | 'transcript.final' | 'reply.delta' | 'binary'][] = [
    ['the recognizer', { recognizeMs: 5000 }, 'speech.stopped'],
    ['the first token', { firstTokenMs: 5000 }, 'transcript.final'],
    ['the next token', { tokenMs: 5000 }, 'reply.delta'],
    ['the playout', { clauseAudioMs: 5000 }, 'binary'],
  ]

  test.each(stages)('stops a turn that waits for %s', async (_what, script, reached) => {
    live = await createLiveApp({ script })
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    await client.next(reached)
    client.send({ type: 'interrupt' })
    const { turnId, reason } = await client.next('interrupted')
    expect(reason).toBe('client')
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ turnId, outcome: 'interrupted' })
    expect((await live.stages.store.get(turnId))?.outcome).toBe('interrupted')
    expectNothingAfterInterrupted(client, turnId)
    Object.assign(live.script, { recognizeMs: 5, firstTokenMs: 5, tokenMs: 1, clauseAudioMs: 100 })
    client.say(800)
    client.silence(600)
    expect((await client.next('audio.done')).turnId).not.toBe(turnId)
  })

  test('of a turn that is over is ignored', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'One?' })
    const { turnId } = await client.next('turn.done')
    client.send({ type: 'interrupt', turnId })
    client.send({ type: 'interrupt' })
    client.send({ type: 'text', text: 'Two?' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(client.types()).not.toContain('interrupted')
    expect(client.types()).not.toContain('error')
  })

  test('of an earlier turn leaves the reply that plays now alone', async () => {
    live = await createLiveApp({ script: { tokenMs: 50 } })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'One?' })
    const { turnId } = await client.next('turn.done')
    client.send({ type: 'text', text: 'Two?' })
    await client.next('reply.delta')
    client.send({ type: 'interrupt', turnId })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
  })

  test('playback of a turn that is over changes nothing', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'One?' })
    const { turnId } = await client.next('turn.done')
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 5 })
    client.send({ type: 'playback', turnId: 'nobody', event: 'ended', positionMs: 5 })
    client.send({ type: 'text', text: 'Two?' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
  })

  test('a client that stops its player by itself interrupts the turn', async () => {
    live = await createLiveApp({ script: long })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('binary').then(() => client.next('reply.done'))
    client.send({ type: 'playback', turnId, event: 'stopped', positionMs: 50 })
    expect(await client.next('interrupted')).toMatchObject({ turnId, reason: 'client' })
    expect(await client.next('turn.done')).toMatchObject({ turnId, outcome: 'interrupted', heardText: '' })
  })
})
