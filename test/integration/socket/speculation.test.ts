import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import { scriptedDetector } from '../../support/hearing/fakeDetector.ts'

async function start(options: Parameters<typeof createLiveApp>[0] = {}): Promise<LiveApp> {
  const live = await createLiveApp(options)
  onTestFinished(() => live.app.close())
  return live
}

const fixed = { endpointing: { mode: 'silence', silenceMs: 500 }, voice: 'none' }
const count = ({ calls }: LiveApp, name: string) => calls.filter(call => call === name).length
const until = (happened: () => boolean) => expect.poll(happened, { interval: 2 }).toBe(true)
const told = ({ heard }: LiveClient, type: string) => heard.filter(one => one.type === type)

describe('a pause in what is said', () => {
  test('has the model asked, and nothing told of it before the turn is over', async () => {
    const live = await start({ script: { transcript: 'What is the time?' } })
    const client = await live.connect({ ...fixed, conversationId: 'c' })
    client.say(960)
    client.silence(256)
    await until(() => live.calls.includes('respond') && live.replying() === 0)
    expect(client.types()).toEqual([
      'ready',
      'speech.started',
      ...told(client, 'transcript.partial').map(() => 'transcript.partial'),
    ])
    expect(live.stages.conversations.open('c').turns()).toEqual([])
    client.silence(300)
    const done = await client.next('turn.done')
    expect(count(live, 'respond')).toBe(1)
    expect(told(client, 'reply.done')).toMatchObject([{ text: 'It is ten past nine. Good evening.' }])
    expect(done).toMatchObject({ outcome: 'completed', heardText: 'It is ten past nine. Good evening.' })
    const { speculation, fromSpeechEnd } = done.timings
    expect(speculation).toMatchObject({
      ...{ pauses: 1, revisions: 0, wastedOutputTokens: 0, wastedEngineMs: 0 },
      attempts: [{ outcome: 'used', promptTokens: 30, outputTokens: 6 }],
    })
    expect(speculation?.tokenReleasedMs).toBe(fromSpeechEnd.firstTokenMs)
    expect(speculation?.savedMs).toBeGreaterThan(0)
    expect(fromSpeechEnd.firstTokenMs).toBeGreaterThanOrEqual(fromSpeechEnd.turnDecidedMs ?? Number.NaN)
  })

  test('after which speech goes on leaves nothing but its cost', async () => {
    const live = await start({ script: { firstTokenMs: 5, tokenMs: 30 } })
    const client = await live.connect(fixed)
    client.say(960)
    client.silence(256)
    await until(() => live.replying() === 1)
    await sleep(50)
    client.say(640)
    await until(() => live.calls.includes('respond aborted'))
    live.script.tokenMs = 0
    client.silence(256)
    await until(() => count(live, 'respond') === 2)
    client.silence(300)
    const done = await client.next('turn.done')
    expect(told(client, 'turn.done')).toHaveLength(1)
    const { speculation } = done.timings
    expect(speculation).toMatchObject({
      ...{ pauses: 2, revisions: 1 },
      attempts: [{ outcome: 'resumed', promptTokens: null }, { outcome: 'used' }],
    })
    expect(speculation?.wastedOutputTokens).toBeGreaterThan(0)
    expect(speculation?.wastedOutputTokens).toBe(speculation?.attempts[0]?.outputTokens)
    expect(speculation?.wastedEngineMs).toBeGreaterThan(40)
  })

  test('is of use with the learned end, too', async () => {
    const { detector } = scriptedDetector([0.02])
    const live = await start({ detector })
    const client = await live.connect({ endpointing: { mode: 'learned' }, voice: 'none' })
    client.say(960)
    client.silence(128)
    await until(() => live.calls.includes('respond'))
    expect(told(client, 'speech.stopped')).toEqual([])
    for (let ms = 0; ms < 1600; ms += 32) client.silence(32)
    expect((await client.next('turn.done')).timings.speculation?.attempts).toMatchObject([
      { outcome: 'used' },
    ])
  })

  test('speaks the first clause ahead, and plays it when the turn is over', async () => {
    const live = await start()
    const client = await live.connect({ ...fixed, voice: 'flite:slt' })
    client.say(960)
    client.silence(256)
    await until(() => live.calls.some(call => call.startsWith('speak')))
    expect(client.types()).not.toContain('binary')
    client.silence(300)
    await client.next('audio.done')
    expect(live.calls.filter(call => call.startsWith('speak'))).toEqual([
      'speak It is ten past nine.',
      'speak Good evening.',
    ])
  })

  test('asks in push-to-talk as well, where the button then ends the turn', async () => {
    const live = await start()
    const client = await live.connect({ mode: 'push-to-talk', voice: 'none' })
    client.send({ type: 'begin' })
    client.say(960)
    client.silence(256)
    await until(() => live.calls.includes('respond'))
    client.send({ type: 'commit' })
    const done = await client.next('turn.done')
    expect(done.timings.speculation).toMatchObject({ decidedBy: 'commit', attempts: [{ outcome: 'used' }] })
  })

  test.each(['cancel', 'leave'])('%s ends what was asked', async how => {
    const live = await start({ script: { tokenMs: 50 } })
    const client = await live.connect(fixed)
    client.say(960)
    client.silence(256)
    await until(() => live.replying() === 1)
    if (how === 'leave') client.leave()
    else client.send({ type: 'cancel' })
    await until(() => live.calls.includes('respond aborted'))
    await until(() => live.replying() === 0)
    const { items } = await live.stages.store.list({}, 9)
    expect(items[0]?.speculation).toMatchObject({ decidedBy: null, attempts: [{ outcome: 'dropped' }] })
  })

  test('asks nothing where somebody else is answered, and stops for whoever comes', async () => {
    const live = await start({ script: { tokenMs: 40 } })
    const client = await live.connect(fixed)
    client.say(960)
    client.silence(256)
    await until(() => live.replying() === 1)
    const other = await live.connect({ voice: 'none' })
    other.send({ type: 'text', text: 'Who are you?' })
    const answered = await other.next('turn.done')
    expect(answered).toMatchObject({ outcome: 'completed' })
    expect(answered.timings.llm.queueMs).toBeLessThan(30)
    client.silence(300)
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'completed' })
    expect(done.timings.speculation?.attempts).toMatchObject([{ outcome: 'superseded' }])
  })

  test('asks nothing where the models were switched since the question began', async () => {
    const live = await start()
    const client = await live.connect(fixed)
    client.say(960)
    await client.next('speech.started')
    client.send({ type: 'configure', requestId: '1', llmModel: 'other:3b' })
    await client.next('configured')
    client.silence(256)
    await sleep(60)
    expect(live.calls).not.toContain('respond')
    client.silence(300)
    const done = await client.next('turn.done')
    expect(done).toMatchObject({
      outcome: 'completed',
      timings: { speculation: { pauses: 1, attempts: [] } },
    })
  })

  test('asks nothing with SPECULATION=off, and never for a question that is typed', async () => {
    const live = await start({ settings: { SPECULATION: 'off' } })
    const client = await live.connect(fixed)
    client.say(960)
    client.silence(256)
    await sleep(60)
    expect(live.calls).not.toContain('respond')
    client.silence(300)
    const done = await client.next('turn.done')
    expect(done.timings.speculation).toMatchObject({ pauses: 1, attempts: [], savedMs: null })
    client.send({ type: 'text', text: 'Well?' })
    expect((await client.next('turn.done')).timings.speculation).toBeNull()
  })
})
