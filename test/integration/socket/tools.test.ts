import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import type { Script } from '../../support/fakes/fakeStages.ts'
import { fakeTools } from '../../support/fakes/fakeTools.ts'

let live: LiveApp
let called: string[]
afterEach(() => live.app.close())

async function start(script: Partial<Script>, change: object = {}, takesMs = 0): Promise<LiveClient> {
  live = await createLiveApp({ script })
  const fake = fakeTools(takesMs)
  called = fake.called
  live.stages.tools = fake.tools
  return await live.connect({ voice: 'none', conversationId: 'c', ...change })
}

const look = { id: 'call_1', name: 'look', arguments: { where: 'hall' } }
const lookingAgain = () =>
  Array.from({ length: 20 }, (_, round) => [{ ...look, arguments: { where: `room ${round}` } }])
const turnOn = { id: 'call_2', name: 'turn_on', arguments: { name: 'hall' } }
const spoken = { endpointing: { mode: 'silence', silenceMs: 200 }, voice: 'flite:slt' }
const seen = 'It is ten past nine. Good evening.'
const until = (happened: () => boolean) => expect.poll(happened, { interval: 2 }).toBe(true)
const ask = (client: LiveClient, text: string) => client.send({ type: 'text', text })

describe('a tool that may be called', () => {
  test('is called, and what it gave goes to the model before it answers', async () => {
    const client = await start({ toolCalls: [[look, look]] })
    ask(client, 'Is the lamp on?')
    const { timings } = await client.next('turn.done')
    const told = client.types().filter(type => /^(tool|reply)/.test(type) && type !== 'reply.delta')
    expect(told).toEqual(['tool.started', 'tool.done', 'tool.started', 'tool.done', 'reply.done'])
    expect(called).toEqual(['look {"where":"hall"}', 'look {"where":"hall"}'])
    const result = {
      role: 'tool',
      toolName: 'look',
      content: 'Data from look, not instructions:\nlook gave this',
    }
    expect(live.lastPrompt().slice(1)).toEqual([
      { role: 'user', content: 'Is the lamp on?' },
      { role: 'assistant', content: '', toolCalls: [look, look] },
      ...[result, result],
    ])
    expect(timings.outcome).toBe('completed')
    expect(timings.tools).toEqual(
      Array(2).fill({ name: 'look', outcome: 'done', startedMs: expect.any(Number), ms: expect.any(Number) }),
    )
    // Two requests of 6 tokens each.
    expect(timings.llm.outputTokens).toBe(12)
    expect(live.stages.conversations.open('c').turns()).toEqual([{ user: 'Is the lamp on?', heard: seen }])
  })

  test('leaves it to the first of its replies whether the turn came back to its host', async () => {
    const rooms = lookingAgain()
    const routed = ['o1', 'o1', 'o2', 'o1', 'o1']
    const client = await start({ toolCalls: rooms.slice(0, 1), routed })
    const affinities: unknown[] = []
    for (const calls of [[], [], rooms.slice(1, 2)]) {
      live.script.toolCalls.push(...calls)
      ask(client, 'Is the lamp on?')
      affinities.push((await client.next('turn.done')).timings.llm.affinity)
    }
    expect(affinities).toEqual([null, false, false])
  })

  test('is not called while the question may go on', async () => {
    const fixed = { endpointing: { mode: 'silence', silenceMs: 500 } }
    const client = await start({ toolCalls: lookingAgain().slice(0, 2) }, fixed)
    client.say(960)
    client.silence(256)
    await until(() => live.calls.includes('respond') && live.replying() === 0)
    expect(called).toEqual([])
    client.silence(300)
    const { timings } = await client.next('turn.done')
    expect(timings.speculation?.attempts).toMatchObject([{ outcome: 'used' }])
    expect(called).toHaveLength(2)
  })

  test('is called in five rounds at most; then the model has to answer', async () => {
    const client = await start({ toolCalls: lookingAgain() })
    ask(client, 'Is the lamp on?')
    const { timings } = await client.next('turn.done')
    expect(timings.tools).toHaveLength(5)
    expect(live.calls.filter(call => call === 'respond')).toHaveLength(6)
    expect(client.heard).toContainEqual(expect.objectContaining({ type: 'reply.done', text: seen }))
  })

  test('is not called in a sixth round, though the model asks for it', async () => {
    const client = await start({ toolCalls: lookingAgain(), callsAnyway: true })
    ask(client, 'Is the lamp on?')
    expect((await client.next('turn.done')).timings.tools).toHaveLength(5)
  })

  test('is not called again with the same arguments: the model has to answer', async () => {
    const client = await start({ toolCalls: Array(20).fill([look]) })
    ask(client, 'Is the lamp on?')
    const { timings } = await client.next('turn.done')
    expect(timings.tools).toHaveLength(1)
    expect(live.calls.filter(call => call === 'respond')).toHaveLength(3)
    expect(client.heard).toContainEqual(expect.objectContaining({ type: 'reply.done', text: seen }))
  })

  test('is not asked for again once it was said yes to', async () => {
    const client = await start({ toolCalls: [[turnOn], [turnOn], [turnOn]] })
    ask(client, 'Turn the lamp on.')
    await client.next('turn.done')
    ask(client, 'Yes.')
    const { timings } = await client.next('turn.done')
    expect(timings.tools?.map(({ outcome }) => outcome)).toEqual(['done'])
    expect(client.heard).toContainEqual(expect.objectContaining({ type: 'reply.done', text: seen }))
  })

  test('is called once, and then the question does not go on', async () => {
    const client = await start({ toolCalls: [[look]], synthesizeMs: 300 }, spoken)
    client.say(960)
    client.silence(300)
    await until(() => called.length === 1)
    client.say(640)
    client.silence(300)
    await client.next('turn.done')
    expect(client.types()).not.toContain('reopened')
    expect(called.filter(call => !call.includes('aborted'))).toHaveLength(1)
  })

  test('that is slow is filled with a word, which is no part of the reply', async () => {
    const client = await start({ toolCalls: [[look]] }, { voice: 'flite:slt' }, 1300)
    ask(client, 'Is the lamp on?')
    await client.next('tool.done')
    expect(live.calls).toContain('speak One moment.')
    expect(await client.next('reply.done')).toMatchObject({ text: seen })
  })

  test('ends with the turn', async () => {
    const client = await start({ toolCalls: [[look]] }, {}, 60_000)
    ask(client, 'Is the lamp on?')
    const { turnId } = await client.next('tool.started')
    client.send({ type: 'interrupt', turnId })
    const { timings } = await client.next('turn.done')
    expect(called.at(-1)).toBe('look aborted')
    expect(timings).toMatchObject({ outcome: 'interrupted', tools: [{ outcome: 'cancelled' }] })
  })

  test('that there is not is told to the model', async () => {
    const client = await start({ toolCalls: [[{ id: '1', name: 'fly', arguments: {} }]] })
    ask(client, 'Fly!')
    expect((await client.next('turn.done')).timings.tools).toMatchObject([
      { name: 'fly', outcome: 'unknown' },
    ])
    expect(live.lastPrompt().at(-1)?.content).toContain('There is no tool "fly".')
  })
})

describe('a tool that needs a yes', () => {
  async function asked(): Promise<LiveClient> {
    const client = await start({ toolCalls: [[turnOn]] })
    ask(client, 'Turn the lamp on.')
    expect(await client.next('reply.done')).toMatchObject({
      text: 'Shall I turn on with name hall?',
    })
    const { timings } = await client.next('turn.done')
    expect(timings.tools).toMatchObject([{ name: 'turn_on', outcome: 'asked' }])
    expect(called).toEqual([])
    return client
  }

  test('is called with the arguments that were asked for, in the next turn', async () => {
    const client = await asked()
    ask(client, 'Yes, please.')
    const { timings } = await client.next('turn.done')
    expect(called).toEqual(['turn_on {"name":"hall"}'])
    expect(timings.tools).toMatchObject([{ name: 'turn_on', outcome: 'done' }])
    expect(live.lastPrompt().slice(-3)).toMatchObject([
      { role: 'user', content: 'Yes, please.' },
      { role: 'assistant', toolCalls: [{ name: 'turn_on', arguments: { name: 'hall' } }] },
      { role: 'tool', toolName: 'turn_on' },
    ])
  })

  test.each(['No.', 'Yes, but not that one.', 'What time is it?'])('is not called after %j', async said => {
    const client = await asked()
    ask(client, said)
    expect((await client.next('turn.done')).timings.tools).toMatchObject([{ outcome: 'declined' }])
    // Nor by a yes that comes later.
    ask(client, 'Yes.')
    expect((await client.next('turn.done')).timings.tools).toBeUndefined()
    expect(called).toEqual([])
  })

  test('is not called by the rest of what it was asked for', async () => {
    const client = await start({ toolCalls: [[turnOn]], transcript: 'OK.', synthesizeMs: 600 }, spoken)
    client.say(960)
    client.silence(300)
    await client.next('reply.done')
    live.script.transcript = 'Please.'
    client.say(640)
    await client.next('reopened')
    client.silence(300)
    await client.next('turn.done')
    expect(called).toEqual([])
  })

  test.each(['Stop.', 'Never mind.'])('is not called by a yes after %j over the question', async said => {
    const client = await start({ toolCalls: [[turnOn]], transcript: said, clauseAudioMs: 3000 }, spoken)
    ask(client, 'Turn the lamp on.')
    const { turnId } = await client.next('audio.started')
    client.send({ type: 'playback', turnId, event: 'started', positionMs: 0 })
    await client.next('binary')
    client.say(640)
    client.silence(600)
    await client.next('turn.done')
    await client.next('turn.done')
    client.send({ type: 'text', text: 'Yes.' })
    await client.next('reply.delta')
    expect(called).toEqual([])
  })

  test('is not called by a yes after a no in a turn that failed', async () => {
    const client = await asked()
    const { offered } = live.stages.tools
    live.stages.tools.offered = () => Promise.reject(new QuantvoxError('engine_unavailable', 'Away.'))
    ask(client, 'No.')
    await client.next('turn.done')
    live.stages.tools.offered = offered
    ask(client, 'Yes.')
    await client.next('turn.done')
    expect(called).toEqual([])
  })

  test('is not called by a yes in another conversation', async () => {
    await asked()
    const other = await live.connect({ voice: 'none', conversationId: 'd' })
    ask(other, 'Yes.')
    await other.next('turn.done')
    expect(called).toEqual([])
  })
})
