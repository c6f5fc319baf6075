import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'
import { fakeLanguageModel } from '../../support/fakes/fakeStages.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

/** Language models take so long to load; those in `loaded` are there. */
function slowModels(loadMs: Record<string, number>) {
  const loaded = new Set([fakeLanguageModel.name])
  const { acquire } = live.stages.llm
  live.stages.languageModel = async name => {
    if (name !== fakeLanguageModel.name && loadMs[name] === undefined)
      throw new QuantvoxError('model_not_found', `There is no ${name}.`)
    return { ...fakeLanguageModel, name, loaded: loaded.has(name) }
  }
  live.stages.llm.acquire = async (model, ...rest) => {
    const lease = await acquire(model, ...rest)
    return {
      ...lease,
      async *respond(messages, signal) {
        if (!loaded.has(model.name)) {
          await sleep(loadMs[model.name], undefined, { signal })
          loaded.add(model.name)
        }
        yield* lease.respond(messages, signal)
      },
    }
  }
  return loaded
}

describe('configure', () => {
  test('to a model that runs elsewhere sends it nothing', async () => {
    live = await createLiveApp()
    live.stages.languageModel = async name => ({
      ...fakeLanguageModel,
      name,
      loaded: false,
      remote: 'allowed',
    })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'configure', requestId: 'a', llmModel: 'big:cloud' })
    expect(await client.next('configured')).toMatchObject({ llm: { name: 'big:cloud', loadMs: null } })
    client.leave()
    expect(live.calls).not.toContain('respond')
  })

  test('while idle: loads, says what it cost, and the next turn uses it', async () => {
    const memory = new Map([[fakeLanguageModel.name, 800]])
    live = await createLiveApp({
      loaded: () => ({
        speech: [],
        language: [...memory].map(([name, residentBytes]) => ({ name, residentBytes })),
      }),
    })
    slowModels({ 'other:2b': 50 })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'configure', requestId: 'a', llmModel: 'other:2b', endpointing: { silenceMs: 300 } })
    await sleep(20)
    memory.clear()
    memory.set('other:2b', 1500)
    const configured = await client.next('configured')
    expect(configured).toMatchObject({
      requestId: 'a',
      settings: { llmModel: 'other:2b', endpointing: { silenceMs: 300 }, voice: 'none' },
      llm: {
        name: 'other:2b',
        residentBytesBefore: null,
        residentBytesAfter: 1500,
        evicted: [fakeLanguageModel.name],
      },
    })
    expect(configured.llm?.loadMs).toBeGreaterThanOrEqual(45)
    expect(configured.switchMs).toBeGreaterThanOrEqual(configured.llm?.loadMs ?? 0)
    client.send({ type: 'text', text: 'Well?' })
    expect((await client.next('turn.done')).timings.llm.model).toBe('other:2b')
  })

  test('while a reply is under way leaves that reply alone', async () => {
    live = await createLiveApp({ script: { tokenMs: 40 } })
    slowModels({ 'other:2b': 20 })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'One?' })
    await client.next('reply.delta')
    client.send({ type: 'configure', requestId: 'a', llmModel: 'other:2b' })
    const first = await client.next('turn.done')
    expect(first).toMatchObject({ outcome: 'completed', timings: { llm: { model: fakeLanguageModel.name } } })
    await client.next('configured')
    client.send({ type: 'text', text: 'Two?' })
    expect((await client.next('turn.done')).timings.llm.model).toBe('other:2b')
  })

  test('twice at once: the last one wins, though the first is ready later', async () => {
    live = await createLiveApp()
    slowModels({ 'slow:7b': 10, 'quick:1b': 10 })
    // Loading goes in order, looking up does not.
    const { languageModel } = live.stages
    live.stages.languageModel = async (name, signal) => {
      if (name === 'slow:7b') await sleep(200, undefined, { signal })
      return languageModel(name, signal)
    }
    const client = await live.connect({ voice: 'none' })
    client.send({
      type: 'configure',
      requestId: 'slow',
      llmModel: 'slow:7b',
      endpointing: { silenceMs: 200 },
    })
    client.send({ type: 'configure', requestId: 'quick', llmModel: 'quick:1b' })
    expect(await client.next('configured')).toMatchObject({
      requestId: 'quick',
      settings: { llmModel: 'quick:1b', endpointing: { silenceMs: 500 } },
    })
    expect(await client.next('configured')).toMatchObject({
      requestId: 'slow',
      settings: { llmModel: 'quick:1b', endpointing: { silenceMs: 200 } },
    })
    client.send({ type: 'text', text: 'Well?' })
    expect((await client.next('turn.done')).timings.llm.model).toBe('quick:1b')
  })

  test.each([
    ['another', 'quick:1b'],
    ['the one before', fakeLanguageModel.name],
  ])('and then for %s: a model that is not wanted any more is not waited for', async (_which, name) => {
    live = await createLiveApp()
    const loaded = slowModels({ 'slow:70b': 60_000, 'quick:1b': 10 })
    const client = await live.connect({ voice: 'none' })
    client.send({
      ...{ type: 'configure', requestId: 'slow', llmModel: 'slow:70b' },
      endpointing: { silenceMs: 200 },
    })
    await sleep(50)
    client.send({ type: 'configure', requestId: 'quick', llmModel: name })
    // Which is answered first depends on whether the second has to load.
    const told = [await client.next('configured'), await client.next('configured')]
    const [slow, quick] = ['slow', 'quick'].map(id => told.find(({ requestId }) => requestId === id))
    expect(slow).toMatchObject({
      settings: { llmModel: fakeLanguageModel.name, endpointing: { silenceMs: 200 } },
    })
    expect(slow?.llm).toBeUndefined()
    expect(quick).toMatchObject({ settings: { llmModel: name } })
    client.send({ type: 'text', text: 'Well?' })
    expect((await client.next('turn.done')).timings.llm.model).toBe(name)
    expect(loaded).not.toContain('slow:70b')
  })

  test('that fails changes nothing, and names its request', async () => {
    live = await createLiveApp()
    slowModels({})
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'configure', requestId: 'a', llmModel: 'nothing', endpointing: { silenceMs: 200 } })
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found', requestId: 'a' })
    client.send({ type: 'configure', requestId: 'b', voice: 'flite:nobody' })
    expect(await client.next('error')).toMatchObject({ code: 'model_not_found', requestId: 'b' })
    client.send({ type: 'configure', requestId: 'c' })
    expect(await client.next('configured')).toMatchObject({
      settings: { llmModel: fakeLanguageModel.name, voice: 'none', endpointing: { silenceMs: 500 } },
    })
  })

  test('a turn whose speech ended before it uses the old settings', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none', endpointing: { silenceMs: 3000 } })
    client.say(600)
    client.silence(600)
    await client.next('speech.started')
    await sleep(30)
    client.send({ type: 'configure', requestId: 'a', speechModel: 'whisper-base-q4_0' })
    await client.next('configured')
    client.send({ type: 'commit' })
    expect((await client.next('turn.done')).timings.speech.model).toBe('whisper-tiny.en-q8_0')
    // What came faster than it can be spoken counts for the clock of the microphone for two seconds.
    await sleep(2100)
    client.say(600)
    await client.next('speech.started')
    client.send({ type: 'commit' })
    expect((await client.next('turn.done')).timings.speech).toMatchObject({
      model: 'whisper-base-q4_0',
      quantization: 'q4_0',
    })
  })

  test('and so does one since whose end there came many', async () => {
    live = await createLiveApp()
    const client = await live.connect({ mode: 'push-to-talk', voice: 'none' })
    client.send({ type: 'begin' })
    client.say(600)
    client.silence(300)
    await sleep(30)
    for (let request = 0; request < 25; request++) {
      client.send({ type: 'configure', requestId: `${request}`, llmModel: `other:${request}b` })
      await client.next('configured')
    }
    client.send({ type: 'commit' })
    expect((await client.next('turn.done')).timings.llm.model).toBe(fakeLanguageModel.name)
  })

  test('changes the mode', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none' })
    client.say(600)
    await client.next('speech.started')
    client.send({ type: 'configure', requestId: 'a', mode: 'push-to-talk' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'discarded' })
    client.say(600)
    client.silence(600)
    client.send({ type: 'begin' })
    client.say(300)
    client.send({ type: 'commit' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    client.send({ type: 'configure', requestId: 'b', mode: 'hands-free' })
    await client.next('configured')
    client.say(600)
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
  })

  test('changes the conversation', async () => {
    live = await createLiveApp()
    const client = await live.connect({ voice: 'none', conversationId: 'first' })
    client.send({ type: 'text', text: 'One?' })
    await client.next('turn.done')
    client.send({ type: 'configure', requestId: 'a', conversationId: 'second' })
    expect(await client.next('configured')).toMatchObject({ conversationId: 'second' })
    client.send({ type: 'text', text: 'Two?' })
    expect((await client.next('turn.done')).timings.conversationId).toBe('second')
    expect(live.lastPrompt()).toHaveLength(2)
  })
})
