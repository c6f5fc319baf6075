import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Question } from '../../../server/session/questions/question.ts'
import type { AskedReply } from '../../../server/session/reply/asking.ts'
import { promptOf } from '../../../server/session/reply/asking.ts'
import { createSpeculation, type Speculation } from '../../../server/session/reply/speculation.ts'
import { beginTurn, type Turn } from '../../../server/session/turn.ts'
import { createFakeStages, type FakeStages, fakeLanguageModel } from '../../support/fakes/fakeStages.ts'
import { quietLog } from '../../support/quietLog.ts'

const never = new AbortController().signal
let fake: FakeStages
let turn: Turn
let speculation: Speculation

beforeEach(() => {
  fake = createFakeStages()
  const beginning = { turnId: 'a', conversationId: 'c', sessionId: 's', source: 'socket' as const }
  turn = beginTurn(beginning, fake.stages, new Set(), quietLog())
  speculation = createSpeculation({ stages: fake.stages, turn }, true)
})
afterEach(() => fake.stages.store.close())

const question = (text: string, change: Partial<Question> = {}): Question => ({
  ...{ text, language: 'en', model: fakeLanguageModel, voice: fake.stages.voice('flite:slt') },
  ...{ conversation: fake.stages.conversations.open('c'), ...change },
})
const messagesOf = (asked: Question) => asked.conversation.prompt(promptOf(asked, fake.stages, {}))
const take = (asked: Question, signal = never) =>
  speculation.take(asked, { messages: messagesOf(asked), asking: { tools: [] } }, signal)
const calls = (name: string) => fake.calls.filter(call => call.startsWith(name)).length
const outcomes = () => turn.draft.speculation?.attempts.map(({ outcome }) => outcome)

/** Pauses with these words in the recognizer; settles when the model is asked, or will not be. */
async function pauseAt(asked: Question, isOpen = false): Promise<void> {
  speculation.paused(null)
  speculation.suppose(Promise.resolve(asked), isOpen)
  await sleep(2)
}

async function textOf(reply: AskedReply | null): Promise<string | null> {
  if (reply === null) return null
  let text = ''
  for await (const { part } of reply.parts) if (part.type === 'text') text += part.text
  return text
}

describe('a question that is supposed at a pause', () => {
  test('is answered at once, by the words that came, and the stream goes on', async () => {
    fake.script.tokenMs = 15
    await pauseAt(question('What is the time?'))
    await sleep(30)
    const reply = take(question('what is  the time'))
    expect(await textOf(reply)).toBe('It is ten past nine. Good evening.')
    expect(calls('respond')).toBe(1)
    expect(reply?.messages).toEqual(messagesOf(question('What is the time?')))
    expect(outcomes()).toEqual(['used'])
  })

  test('is held against what the model says of its end first, where that matters', async () => {
    fake.script.endsHere = 0.25
    expect(speculation.endsHere()).toBeNull()
    await pauseAt(question('What is the time?'), true)
    expect(speculation.endsHere()).toBe(0.25)
    expect(fake.calls).toEqual(['endsHere', 'respond'])
    speculation.resumed()
    expect(speculation.endsHere()).toBeNull()
    await pauseAt(question('What is the time?'))
    expect([speculation.endsHere(), calls('endsHere')]).toEqual([null, 1])
    expect(turn.draft.speculation?.endChecks).toBe(1)
    speculation.decided({ decidedBy: 'sure', textState: 'closed', endsHere: 0.25 })
    expect(turn.draft.speculation).toMatchObject({ decidedBy: 'sure', textState: 'closed', endsHere: 0.25 })
  })

  test('waits for what the model says of its end the first time only', async () => {
    Object.assign(fake.script, { endsHere: 0.25, endsHereMs: 60 })
    await pauseAt(question('What is the day?'), true)
    await expect.poll(() => calls('respond')).toBe(1)
    expect(speculation.endsHere()).toBe(0.25)
    fake.script.endsHereMs = 3000
    await pauseAt(question('What is the time?'), true)
    await expect.poll(() => calls('respond')).toBe(2)
    expect(speculation.endsHere()).toBeNull()
    fake.script.endsHereMs = 50
    await pauseAt(question('What is the date?'), true)
    await expect.poll(() => [speculation.endsHere(), calls('respond')]).toEqual([0.25, 3])
  })

  test('is asked in the very words of the turn', async () => {
    const { conversation } = question('')
    conversation.append('Hello', 'Hi.', 'turn-1')
    await pauseAt(question('What is the time?'))
    expect(fake.lastPrompt()).toEqual(messagesOf(question('What is the time?')))
  })

  test.each<[string, () => Question]>([
    ['with other words', () => question('What is the time now?')],
    ['with another sign in it that says something', () => question('What is the $ time?')],
    ['of another model', () => question('What is the time?', { model: { ...fakeLanguageModel, name: 'b' } })],
    [
      'of the same tag with other weights',
      () => question('What is the time?', { model: { ...fakeLanguageModel, digest: 'b' } }),
    ],
    ['for another voice', () => question('What is the time?', { voice: fake.stages.voice('none') })],
    [
      'with another history',
      () => {
        question('').conversation.append('Hello', 'Hi.', 'turn-1')
        return question('What is the time?')
      },
    ],
  ])('is no answer to one %s, and leaves the place to it', async (_how, other) => {
    fake.script.tokenMs = 20
    await pauseAt(question('What is the time?'))
    await sleep(15)
    expect(take(other())).toBeNull()
    await sleep(5)
    expect([outcomes(), calls('respond aborted'), fake.replying()]).toEqual([['changed'], 1, 0])
    const lease = await fake.stages.llm.acquire(fakeLanguageModel, 's', never)
    expect(lease.queueMs).toBeLessThan(20)
  })

  test('is dropped where speech goes on, and asked again at the next pause', async () => {
    fake.script.tokenMs = 20
    await pauseAt(question('What is'))
    speculation.resumed()
    await sleep(5)
    expect(fake.replying()).toBe(0)
    await pauseAt(question('What is the time?'))
    expect(await textOf(take(question('What is the time?')))).toMatch(/^It is ten/)
    expect(turn.draft.speculation).toMatchObject({ pauses: 2, revisions: 1 })
    expect(outcomes()).toEqual(['resumed', 'used'])
  })

  test('is dropped with the turn, also one whose model is still looked up', async () => {
    await pauseAt(question('What is the time?'))
    speculation.end()
    await sleep(5)
    expect([outcomes(), fake.replying()]).toEqual([['dropped'], 0])
    const found = Promise.withResolvers<Question>()
    speculation.suppose(found.promise, false)
    speculation.end()
    found.resolve(question('What is the time?'))
    await sleep(5)
    expect(calls('respond')).toBe(2)
  })

  test('that failed is forgotten: the turn asks anew', async () => {
    fake.script.respondError = new Error('it broke')
    await pauseAt(question('What is the time?'))
    await sleep(15)
    expect(take(question('What is the time?'))).toBeNull()
    expect(outcomes()).toEqual(['failed'])
    await pauseAt(question('What is the time?'))
    speculation.suppose(Promise.reject(new Error('no such model')), false)
    await sleep(5)
    expect(take(question('What is the time?'))).toBeNull()
  })

  test('that fails once it is taken fails the turn', async () => {
    Object.assign(fake.script, { respondError: new Error('it broke'), respondErrorAfter: 2, tokenMs: 15 })
    await pauseAt(question('What is the time?'))
    await sleep(10)
    await expect(textOf(take(question('What is the time?')))).rejects.toThrow('it broke')
  })

  test('gives its place to whoever comes, at once', async () => {
    fake.script.tokenMs = 20
    await pauseAt(question('What is the time?'))
    await sleep(10)
    const lease = await fake.stages.llm.acquire(fakeLanguageModel, 'another', never)
    expect(lease.queueMs).toBeLessThan(10)
    await sleep(5)
    expect([outcomes(), fake.replying()]).toEqual([['superseded'], 0])
    expect(take(question('What is the time?'))).toBeNull()
    // Where somebody is, nothing is supposed.
    await pauseAt(question('What is the time?'))
    expect(calls('respond')).toBe(2)
    lease.release()
  })

  test('keeps its place once it is taken, until the turn has all of it', async () => {
    fake.script.tokenMs = 20
    await pauseAt(question('What is the time?'))
    const reply = take(question('What is the time?'))
    const other = fake.stages.llm.acquire(fakeLanguageModel, 'another', never)
    expect(await textOf(reply)).toMatch(/evening.$/)
    expect((await other).queueMs).toBeGreaterThan(50)
  })

  test('that is taken ends with the turn', async () => {
    fake.script.tokenMs = 20
    const stop = new AbortController()
    await pauseAt(question('What is the time?'))
    const reading = textOf(take(question('What is the time?'), stop.signal))
    stop.abort(new Error('interrupted'))
    await expect(reading).rejects.toThrow()
    expect(fake.replying()).toBe(0)
  })

  test('forgets nothing of a conversation that has no room for it', async () => {
    const { conversation } = question('')
    for (let turns = 0; turns < 20; turns++)
      conversation.append('word '.repeat(40), 'answer '.repeat(40), `turn-${turns}`)
    await pauseAt(question('What is the time?'))
    conversation.append('Hello', 'Hi.', 'turn-20')
    expect(conversation.turns()).toHaveLength(21)
  })

  test('is not asked where it is off; its pauses are counted', async () => {
    speculation = createSpeculation({ stages: fake.stages, turn }, false)
    await pauseAt(question('What is the time?'))
    expect(take(question('What is the time?'))).toBeNull()
    expect([fake.calls, turn.draft.speculation?.pauses]).toEqual([[], 1])
  })
})

describe('the first clause of a reply on trial', () => {
  const heardOf = async (audio: AsyncIterable<{ samples: Int16Array }> | null) => {
    let length = 0
    for await (const { samples } of audio ?? []) length += samples.length
    return length
  }

  test('is spoken ahead, once, and given out with the reply only', async () => {
    await pauseAt(question('What is the time?'))
    await sleep(40)
    expect(calls('speak')).toBe(1)
    expect(speculation.audioOf('It is ten past nine.')).toBeNull()
    take(question('What is the time?'))
    expect(speculation.audioOf('Good evening.')).toBeNull()
    expect(await heardOf(speculation.audioOf('It is ten past nine.'))).toBe(4800)
    expect(speculation.audioOf('It is ten past nine.')).toBeNull()
  })

  test('that could not be spoken is spoken anew', async () => {
    fake.script.synthesizeError = new Error('hoarse')
    await pauseAt(question('What is the time?'))
    await sleep(40)
    take(question('What is the time?'))
    expect(speculation.audioOf('It is ten past nine.')).toBeNull()
  })

  test('is not spoken for a voice that is not the server’s', async () => {
    await pauseAt(question('What is the time?', { voice: fake.stages.voice('browser') }))
    await sleep(40)
    expect(calls('speak')).toBe(0)
  })
})
