import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import type { ToolCall } from '../../../server/llm/toolCalls.ts'
import { createConfirmations } from '../../../server/tools/confirmation.ts'
import { ownTools } from '../../../server/tools/own/ownTools.ts'
import { createToolbox } from '../../../server/tools/toolbox.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import { type Script, usualScript } from '../../support/fakes/fakeStages.ts'
import { quietLog } from '../../support/quietLog.ts'

let live: LiveApp
afterEach(() => live.app.close())

/** Levels that are listed; the last one is gone when it is looked for. */
const levels = ['fake:1b-q4_K_M', 'fake:1b-q8_0', 'fake:1b-q2_K']

async function start(script: Partial<Script>, change: object = {}): Promise<LiveClient> {
  live = await createLiveApp({ script })
  const listed = levels.map(name => ({ name, quantization: null }))
  const own = ownTools({ language: async () => listed, speech: async () => [] }, new Map())
  const box = createToolbox([{ tools: () => own }], quietLog())
  const { languageModel } = live.stages
  live.stages.languageModel = async (name, signal) => {
    if (name.endsWith('q2_K')) throw new QuantvoxError('model_not_found', `There is no ${name}.`)
    return await languageModel(name, signal)
  }
  live.stages.tools = { ...box, offered: async () => box.offered(), confirmations: createConfirmations() }
  return await live.connect({ voice: 'flite:slt', conversationId: 'c', ...change })
}

const call = (name: string, given: Record<string, unknown>): ToolCall[] => [
  { id: `call_${name}`, name, arguments: given },
]
const teaTimer = call('set_timer', { seconds: 1, name: 'tea' })
const teaIsOver = 'Your tea timer is over.'
const ask = (client: LiveClient, text: string) => client.send({ type: 'text', text })
const nextRows = (client: LiveClient) => client.next('turn.done')
/** Longer than a timer of a second, which is the shortest. */
const overdue = () => new Promise(resolve => setTimeout(resolve, 1300))

describe('a timer', () => {
  test('speaks up by itself, in a turn of its own that the record and the history have', async () => {
    const client = await start({ toolCalls: [teaTimer] })
    ask(client, 'Tea!')
    expect((await nextRows(client)).timings.tools).toMatchObject([{ name: 'set_timer', outcome: 'done' }])
    const asked = live.calls.filter(one => one === 'respond').length
    const { turnId } = await client.next('announced')
    expect(await client.next('reply.done')).toMatchObject({ turnId, text: teaIsOver })
    expect(await client.next('audio.started')).toMatchObject({ turnId })
    const { timings, heardText } = await nextRows(client)
    expect(heardText).toBe(teaIsOver)
    expect(timings).toMatchObject({ turnId, outcome: 'completed', source: 'socket', conversationId: 'c' })
    expect(timings.llm.model).toBe(null)
    expect(timings.synthesis.voice).toBe('flite:slt')
    expect(timings.fromSpeechEnd.firstAudioMs).toBeGreaterThanOrEqual(0)
    expect(live.calls.filter(one => one === 'respond')).toHaveLength(asked)
    const heard = `${usualScript.reply.join('')} ${teaIsOver}`
    expect(live.stages.conversations.open('c').turns()).toEqual([{ user: 'Tea!', heard }])
    const row = await live.stages.store.get(turnId)
    expect(row).toMatchObject({ transcript: null, reply: teaIsOver, heardText: teaIsOver })
  })

  test('does not break in on a reply', async () => {
    const client = await start({ toolCalls: [teaTimer], clauseAudioMs: 2500 })
    ask(client, 'Tea!')
    await client.next('announced', 20_000)
    const types = client.types()
    expect(types.indexOf('announced')).toBeGreaterThan(types.indexOf('turn.done'))
    expect(types).not.toContain('interrupted')
  })

  test('does not break in on who speaks', async () => {
    const client = await start(
      { toolCalls: [teaTimer], speechMs: 0 },
      { mode: 'push-to-talk', voice: 'none' },
    )
    ask(client, 'Tea!')
    await nextRows(client)
    client.send({ type: 'begin' })
    await client.next('speech.started')
    await overdue()
    expect(client.types()).not.toContain('announced')
    client.send({ type: 'cancel' })
    await nextRows(client)
    expect(await client.next('announced')).toBeDefined()
  })

  test('says it again where it was interrupted before anything was heard, three times at most', async () => {
    const client = await start({ toolCalls: [call('set_timer', { seconds: 4 })] })
    ask(client, 'Tea!')
    await nextRows(client)
    live.script.synthesizeMs = 3000
    const ids = new Set<string>()
    for (let time = 0; time < 3; time++) {
      const { turnId } = await client.next('announced')
      ids.add(turnId)
      client.send({ type: 'interrupt' })
      expect((await nextRows(client)).timings).toMatchObject({ turnId, outcome: 'interrupted' })
    }
    expect(ids.size).toBe(3)
    live.script.synthesizeMs = 0
    ask(client, 'What time is it?')
    await nextRows(client)
    expect(client.types().filter(type => type === 'announced')).toHaveLength(3)
  })

  test('is no question to which a yes belongs', async () => {
    const client = await start({ toolCalls: [call('set_timer', { seconds: 3 })] })
    ask(client, 'Tea!')
    await nextRows(client)
    Object.assign(live.script, { toolCalls: [call('switch_model', { level: 'q8' })], clauseAudioMs: 4000 })
    ask(client, 'Switch to q8.')
    await client.next('audio.started')
    live.script.clauseAudioMs = 300
    await client.next('announced', 20_000)
    await nextRows(client)
    ask(client, 'Yes.')
    expect((await nextRows(client)).timings.tools).toBeUndefined()
    expect(client.types()).not.toContain('configured')
  })

  test('ends with its session', async () => {
    const client = await start({ toolCalls: [call('set_timer', { seconds: 2 })] })
    ask(client, 'Tea!')
    await nextRows(client)
    client.leave()
    await client.closed
    const { items } = await live.stages.store.list({}, 100)
    await overdue()
    expect((await live.stages.store.list({}, 100)).items).toHaveLength(items.length)
  })
})

describe('another level', () => {
  test('answers once the user said yes, from the next question on', async () => {
    const client = await start({ toolCalls: [call('switch_model', { level: 'q8' })] })
    ask(client, 'Switch to q8.')
    expect(await client.next('reply.done')).toMatchObject({ text: 'Shall I switch model with level q8?' })
    await nextRows(client)
    ask(client, 'Yes.')
    const configured = await client.next('configured')
    expect(configured.settings.llmModel).toBe('fake:1b-q8_0')
    expect(configured).not.toHaveProperty('requestId')
    expect((await nextRows(client)).timings.llm.model).toBe('fake:1b-q4_K_M')
    ask(client, 'And now?')
    expect((await nextRows(client)).timings.llm.model).toBe('fake:1b-q8_0')
  })

  test('that cannot be had after all is told, and nothing changes', async () => {
    const client = await start({ toolCalls: [call('switch_model', { level: 'q2_K' })] })
    ask(client, 'Switch to q2.')
    await nextRows(client)
    ask(client, 'Yes.')
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found' })
    await nextRows(client)
    await client.next('announced')
    expect((await nextRows(client)).heardText).toBe('I could not switch to fake:1b-q2_K.')
    ask(client, 'And now?')
    expect((await nextRows(client)).timings.llm.model).toBe('fake:1b-q4_K_M')
  })
})

test('over REST the tools say that nobody could be told later', async () => {
  await start({ toolCalls: [teaTimer] })
  const answer = await live.app.inject({
    ...{ method: 'POST', url: '/v1/turns', headers: { host: 'localhost' } },
    payload: { text: 'Tea!', voice: 'none' },
  })
  expect(answer.statusCode).toBe(200)
  expect(answer.json().timings.tools).toMatchObject([{ name: 'set_timer', outcome: 'failed' }])
  expect(live.lastPrompt().at(-1)?.content).toContain('There are no timers here')
})
