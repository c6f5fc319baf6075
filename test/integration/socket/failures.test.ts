import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'
import type { Script } from '../../support/fakes/fakeStages.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const broken = new QuantvoxError('engine_failed', 'The engine broke.')

async function rows() {
  return (await live.stages.store.list({}, 10)).items
}

async function untilRow() {
  for (let tries = 0; tries < 100; tries++) {
    const [row] = await rows()
    if (row) return row
    await sleep(20)
  }
  throw new Error('no row was written')
}

describe('an engine that fails', () => {
  const failures: [string, Partial<Script>][] = [
    ['recognizing', { recognizeError: broken }],
    ['before the first token', { respondError: broken }],
    ['in the middle of the reply', { respondError: broken, respondErrorAfter: 3 }],
    ['at the end of the reply', { respondError: broken, respondErrorAfter: 99 }],
  ]

  test.each(failures)(
    '%s ends the turn with an error and one turn.done, and the next one works',
    async (_when, script) => {
      live = await createLiveApp({ script })
      const client = await live.connect()
      client.say(800)
      client.silence(600)
      const error = await client.next('error')
      expect(error).toMatchObject({ code: 'engine_failed', recoverable: true })
      const done = await client.next('turn.done')
      expect(done).toMatchObject({ turnId: error.turnId, outcome: 'failed', errorCode: 'engine_failed' })
      expect((await live.stages.store.get(done.turnId))?.errorCode).toBe('engine_failed')

      Object.assign(live.script, { recognizeError: null, respondError: null })
      client.send({ type: 'text', text: 'Again?' })
      await client.next('audio.done')
      client.leave()
      expect(client.heard.filter(({ type }) => type === 'turn.done')).toHaveLength(1)
    },
  )

  test('speaking leaves the turn its text, also for the next question', async () => {
    live = await createLiveApp({ script: { synthesizeError: broken } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'What time is it?' })
    expect(await client.next('hint')).toMatchObject({ hint: 'not-spoken' })
    const { text } = await client.next('reply.done')
    const done = await client.next('turn.done')
    expect(done).toMatchObject({ outcome: 'completed', errorCode: 'engine_failed', heardText: text })
    live.script.synthesizeError = null
    client.send({ type: 'text', text: 'Again?' })
    await client.next('audio.done')
    expect(live.lastPrompt()).toContainEqual({ role: 'assistant', content: text })
    client.leave()
    expect(client.heard.filter(({ type }) => type === 'error')).toEqual([])
  })

  test('to start, for speech, leaves what is typed', async () => {
    live = await createLiveApp()
    const died = new QuantvoxError(
      'engine_unavailable',
      'whisper-server is not running. It was ended by SIGILL.',
    )
    live.stages.speechLevel = () => Promise.reject(died)
    const client = await live.connect({ speechModel: 'whisper-tiny.en-q8_0' })
    client.send({ type: 'text', text: 'Are you there?' })
    expect((await client.next('reply.done')).text).toContain('ten past nine')
    await client.next('audio.done')
    client.say(800)
    client.silence(600)
    expect(await client.next('error')).toMatchObject({ code: 'engine_unavailable', recoverable: true })
    client.send({ type: 'text', text: 'And now?' })
    await client.next('reply.done')
    client.leave()
  })

  test('to answer, for speech, makes no typed question wait', async () => {
    live = await createLiveApp({ script: { recognizeMs: 600_000 } })
    const client = await live.connect()
    client.say(800)
    client.silence(600)
    await client.next('speech.stopped')
    client.send({ type: 'text', text: 'Are you there?' })
    expect((await client.next('reply.done')).text).toContain('ten past nine')
    client.leave()
  })

  test('in a way that nobody foresaw closes the socket with 1011, after turn.done', async () => {
    live = await createLiveApp({ script: { respondError: new TypeError('x is not a function') } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'failed', errorCode: 'internal' })
    expect(await client.next('error')).toMatchObject({ code: 'internal', recoverable: false })
    expect(await client.closed).toBe(1011)
  })

  test('to find speech closes the socket with 1011, and the open turn has its row', async () => {
    let frames = 0
    const activity = {
      open: () => ({
        push: async () => {
          if (++frames > 20) throw new Error('the model is broken')
          return 0.9
        },
      }),
    }
    live = await createLiveApp({ activity })
    const client = await live.connect()
    client.say(1000)
    expect(await client.next('error')).toMatchObject({ code: 'internal' })
    expect(await client.closed).toBe(1011)
    expect(await untilRow()).toMatchObject({ outcome: 'discarded' })
  })
})

test('memory figures that never come hold up neither the row nor the end of the session', async () => {
  live = await createLiveApp()
  live.stages.memory = () => new Promise(() => {})
  const client = await live.connect({ voice: 'none' })
  client.send({ type: 'text', text: 'Well?' })
  expect(await client.next('turn.done')).toMatchObject({
    outcome: 'completed',
    timings: { memory: { llmResidentBytes: null } },
  })
})

describe('a client that leaves', () => {
  const moments: [string, Partial<Script>, string | null, string][] = [
    ['while it speaks', {}, null, 'discarded'],
    ['while it is being recognized', { recognizeMs: 5000 }, 'speech.stopped', 'interrupted'],
    ['before the first token', { firstTokenMs: 5000 }, 'transcript.final', 'interrupted'],
    ['in the middle of the reply', { tokenMs: 5000 }, 'reply.delta', 'interrupted'],
    ['while the reply plays', { clauseAudioMs: 5000 }, 'binary', 'interrupted'],
  ]

  test.each(moments)(
    '%s stops the work at once, and the row says so',
    async (_when, script, reached, outcome) => {
      live = await createLiveApp({ script })
      const client = await live.connect()
      client.say(800)
      if (reached === null) await client.next('speech.started')
      else {
        client.silence(600)
        await client.next(reached as 'binary')
      }
      client.leave()
      expect(await untilRow()).toMatchObject({ outcome, source: 'socket' })
    },
  )

  test('makes room for another session', async () => {
    live = await createLiveApp({ settings: { MAX_SESSIONS: '1' } })
    const first = await live.connect()
    await expect(live.connect()).rejects.toThrow('503')
    first.leave()
    await first.closed
    await sleep(50)
    await live.connect()
  })
})
