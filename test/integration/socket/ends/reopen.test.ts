import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLiveApp, type LiveApp, type LiveClient } from '../../../support/fakes/fakeLive.ts'
import type { Script } from '../../../support/fakes/fakeStages.ts'

const question = { endpointing: { mode: 'silence', silenceMs: 200 }, voice: 'flite:slt' }

async function start(script: Partial<Script>): Promise<LiveApp> {
  const live = await createLiveApp({ script, settings: { SPECULATION: 'off' } })
  onTestFinished(() => live.app.close())
  return live
}

const told = <T extends string>({ heard }: LiveClient, type: T) => heard.filter(one => one.type === type)
const count = ({ calls }: LiveApp, name: string) => calls.filter(call => call === name).length
const until = (happened: () => boolean) => expect.poll(happened, { interval: 2 }).toBe(true)

/** Says one half, and once that is taken for all of it and `happened`, the other. */
async function sayInTwo(live: LiveApp, client: LiveClient, happened: () => boolean): Promise<void> {
  live.script.transcript = 'What is the time'
  client.say(960)
  client.silence(300)
  await until(happened)
  live.script.transcript = 'in Berlin?'
  client.say(640)
  await client.next('reopened')
}

describe('speech that goes on before anything of the reply is out', () => {
  test('is of the same question, while the model is asked', async () => {
    const live = await start({ firstTokenMs: 400 })
    const client = await live.connect(question)
    await sayInTwo(live, client, () => live.calls.includes('respond'))
    await until(() => live.calls.includes('respond aborted'))
    live.script.firstTokenMs = 5
    client.silence(300)
    const done = await client.next('turn.done')
    expect(done.outcome).toBe('completed')
    expect(live.lastPrompt().at(-1)).toEqual({ role: 'user', content: 'What is the time in Berlin?' })
    expect(told(client, 'transcript.final')).toMatchObject([
      { text: 'What is the time' },
      { text: 'What is the time in Berlin?', turnId: done.turnId },
    ])
    expect([told(client, 'speech.started'), told(client, 'interrupted')].map(({ length }) => length)).toEqual(
      [1, 0],
    )
    const { items } = await live.stages.store.list({}, 9)
    expect(items).toMatchObject([{ transcript: 'What is the time in Berlin?', outcome: 'completed' }])
    expect(done.timings.speculation).toMatchObject({
      ...{ reopened: 1, decidedBy: 'silence', textState: null, detector: [] },
      attempts: [{ outcome: 'resumed' }],
    })
    const { turnDecidedMs, transcriptMs, firstTokenMs } = done.timings.fromSpeechEnd
    expect(firstTokenMs).toBeGreaterThanOrEqual(Math.max(turnDecidedMs ?? 0, transcriptMs ?? 0))
  })

  test('also while its first half is still being recognized', async () => {
    const live = await start({ recognizeMs: 250 })
    const client = await live.connect(question)
    // The scripted recognizer hears what is in the script when it is done, the same in both halves.
    await sayInTwo(live, client, () => told(client, 'speech.stopped').length > 0)
    client.silence(300)
    await client.next('turn.done')
    expect(told(client, 'transcript.final')).toMatchObject([{ text: 'in Berlin? in Berlin?' }])
    expect(count(live, 'respond')).toBe(1)
  })

  test('voids the text that was told of the reply, and none of its audio comes', async () => {
    const live = await start({ synthesizeMs: 300, tokenMs: 0 })
    const client = await live.connect(question)
    await sayInTwo(live, client, () => told(client, 'reply.done').length > 0)
    Object.assign(live.script, { synthesizeMs: 0, reply: ['Ten', ' past ten.'] })
    client.silence(300)
    await client.next('audio.done')
    await sleep(350)
    const since = client.heard.slice(client.types().lastIndexOf('reopened'))
    expect(since.filter(({ type }) => type === 'reply.done')).toMatchObject([{ text: 'Ten past ten.' }])
    expect(client.types().indexOf('binary')).toBeGreaterThan(client.types().lastIndexOf('reopened'))
    expect(since.filter(({ type }) => type === 'audio.started')).toHaveLength(1)
  })

  test('that was nothing leaves the question as it was', async () => {
    const live = await start({ firstTokenMs: 300 })
    const client = await live.connect(question)
    live.script.transcript = 'What is the time?'
    client.say(960)
    client.silence(300)
    await until(() => live.calls.includes('respond'))
    live.script.transcript = ''
    client.say(640)
    await client.next('reopened')
    Object.assign(live.script, { firstTokenMs: 5 })
    client.silence(300)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(live.lastPrompt().at(-1)?.content).toBe('What is the time?')
  })

  test('can be dropped, and then all of it is', async () => {
    const live = await start({ firstTokenMs: 300 })
    const client = await live.connect(question)
    await sayInTwo(live, client, () => live.calls.includes('respond'))
    client.send({ type: 'cancel' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    await sleep(320)
    expect(live.replying()).toBe(0)
  })
})

describe('what is said is a question of its own', () => {
  test('once the one before was committed', async () => {
    const live = await start({ firstTokenMs: 300 })
    const client = await live.connect({ ...question, endpointing: { mode: 'silence', silenceMs: 3000 } })
    client.say(960)
    await client.next('speech.started')
    client.send({ type: 'commit' })
    await until(() => live.calls.includes('respond'))
    client.say(640)
    await client.next('speech.started')
    expect(client.types()).not.toContain('reopened')
  })

  test('where it comes long after', async () => {
    const live = await start({ firstTokenMs: 500 })
    const client = await live.connect(question)
    client.say(960)
    client.silence(300)
    await until(() => live.calls.includes('respond'))
    client.silence(3200)
    client.say(640)
    await client.next('interrupted')
    await client.next('speech.started')
    expect(client.types()).not.toContain('reopened')
  })

  test('once something of the reply is out', async () => {
    const live = await start({ clauseAudioMs: 3000 })
    const client = await live.connect(question)
    client.say(960)
    client.silence(300)
    await client.next('audio.started')
    client.say(640)
    await client.next('interrupted')
    expect(client.types()).not.toContain('reopened')
  })
})
