import { describe, expect, test } from 'vitest'
import { createConversation, type ShownTurn } from '../../../client/conversation/conversation.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { makeTurn } from '../../support/record/records.ts'

function setUp() {
  const shown: ShownTurn[] = []
  const over: ShownTurn[] = []
  const conversation = createConversation(
    {
      added: turn => void shown.push(turn),
      changed() {},
      restored: turns => void shown.unshift(...turns),
      removed: turn => void shown.splice(shown.indexOf(turn), 1),
      over: turn => void over.push(turn),
    },
    positionMs => positionMs,
  )
  const take = (...messages: ServerMessage[]) => {
    for (const message of messages) conversation.take(message)
  }
  return { conversation, shown, over, take }
}

const done = (
  turnId: string,
  outcome: 'completed' | 'interrupted' | 'discarded' | 'no-speech' | 'failed',
  heardText?: string,
) => ({
  ...{ type: 'turn.done' as const, turnId, outcome, timings: makeTurn(1).record },
  ...(heardText === undefined ? {} : { heardText }),
})

describe('the conversation that the page shows', () => {
  test('a spoken turn from its first sound to its end', () => {
    const { conversation, shown, over, take } = setUp()
    const turnId = 'a'
    take({ type: 'speech.started', turnId, positionMs: 0 })
    expect(conversation.phase()).toBe('hearing')
    take({ type: 'transcript.partial', turnId, text: 'what is', stableLength: 4 })
    expect(shown).toMatchObject([{ question: 'what is', stableLength: 4 }])
    take({ type: 'speech.stopped', turnId, positionMs: 900 })
    expect(conversation.phase()).toBe('transcribing')
    take({ type: 'transcript.final', turnId, text: 'What is it?' })
    expect(conversation.phase()).toBe('thinking')
    take(
      { type: 'reply.delta', turnId, text: 'It is ' },
      { type: 'audio.started', turnId, sampleRate: 16_000 },
    )
    conversation.phaseOfPlayback(turnId, 'started')
    expect(conversation.phase()).toBe('speaking')
    take({ type: 'reply.delta', turnId, text: 'this.' }, { type: 'reply.done', turnId, text: 'It is this.' })
    conversation.spoken(turnId, 5)
    conversation.spoken(turnId, 2)
    expect(shown).toMatchObject([{ reply: 'It is this.', spokenLength: 5, outcome: null }])
    take(done(turnId, 'completed', 'It is this.'))
    expect(conversation.phase()).toBe('none')
    expect(over).toMatchObject([{ outcome: 'completed', spokenLength: 11, audible: true }])
  })

  test('what is said over a reply and is no question goes, and the reply speaks on', () => {
    const { conversation, shown, take } = setUp()
    take(
      { type: 'speech.started', turnId: 'a', positionMs: 0 },
      { type: 'transcript.final', turnId: 'a', text: 'One?' },
      { type: 'reply.delta', turnId: 'a', text: 'It is.' },
    )
    conversation.phaseOfPlayback('a', 'started')
    take({ type: 'speech.started', turnId: 'b', positionMs: 900 }, { type: 'paused', turnId: 'a' })
    expect(conversation.phase()).toBe('hearing')
    take({ type: 'transcript.final', turnId: 'b', text: 'Mm-hm.' }, { type: 'resumed', turnId: 'a' })
    take(done('b', 'discarded'))
    expect(conversation.phase()).toBe('speaking')
    expect(shown).toMatchObject([{ turnId: 'a', outcome: null }])
  })

  test('a turn whose model thinks says so while it lasts', () => {
    const { conversation, shown, take } = setUp()
    conversation.typed('One?')
    take({ type: 'thinking', turnId: 'a', thinkingMs: 2000 })
    expect([conversation.phase(), shown[0]?.thinkingMs]).toEqual(['thinking', 2000])
    take({ type: 'reply.delta', turnId: 'a', text: 'One.' })
    expect(conversation.phase()).toBe('answering')
  })

  test('typed turns get their ids in the order in which they were sent', () => {
    const { conversation, shown, take } = setUp()
    conversation.typed('One?')
    conversation.typed('Two?')
    take(done('a', 'interrupted'), { type: 'reply.delta', turnId: 'b', text: 'Yes.' }, done('b', 'completed'))
    expect(shown).toMatchObject([
      { question: 'One?', turnId: 'a', outcome: 'interrupted' },
      { question: 'Two?', turnId: 'b', outcome: 'completed', reply: 'Yes.' },
    ])
  })

  test('what the assistant says by itself is no answer to what was typed meanwhile', () => {
    const { conversation, shown, take } = setUp()
    conversation.typed('One?')
    take({ type: 'announced', turnId: 'a' }, { type: 'reply.delta', turnId: 'a', text: 'It is over.' })
    expect(conversation.phase()).toBe('answering')
    take(done('a', 'completed'), { type: 'reply.delta', turnId: 'b', text: 'Yes.' }, done('b', 'completed'))
    expect(shown).toMatchObject([
      { question: 'One?', announced: false, turnId: 'b', reply: 'Yes.' },
      { question: '', announced: true, turnId: 'a', reply: 'It is over.' },
    ])
  })

  test('speech over a reply: the end of the old turn leaves the new one be', () => {
    const { conversation, take } = setUp()
    conversation.typed('One?')
    take({ type: 'reply.delta', turnId: 'a', text: 'Yes' })
    conversation.phaseOfPlayback('a', 'started')
    take(
      { type: 'interrupted', turnId: 'a', reason: 'barge-in' },
      { type: 'speech.started', turnId: 'b', positionMs: 1 },
    )
    conversation.phaseOfPlayback('a', 'over')
    take(done('a', 'interrupted', 'Yes'))
    expect(conversation.phase()).toBe('hearing')
  })

  test('a question that goes on is the same turn, without what was answered of it', () => {
    const { conversation, shown, take } = setUp()
    take(
      { type: 'speech.started', turnId: 'a', positionMs: 0 },
      { type: 'speech.stopped', turnId: 'a', positionMs: 900 },
      { type: 'transcript.final', turnId: 'a', text: 'What is the time' },
      { type: 'reply.delta', turnId: 'a', text: 'Ten' },
      { type: 'reopened', turnId: 'a', positionMs: 1300 },
    )
    expect(conversation.phase()).toBe('hearing')
    expect(conversation.turn('a')).toMatchObject({
      question: 'What is the time',
      reply: '',
      replyDone: false,
    })
    take({ type: 'transcript.final', turnId: 'a', text: 'What is the time in Berlin?' })
    take({ type: 'reply.delta', turnId: 'a', text: 'Nine.' }, done('a', 'completed', 'Nine.'))
    expect(shown).toMatchObject([{ question: 'What is the time in Berlin?', reply: 'Nine.' }])
  })

  test('a turn in another language than the model hears stays, with what the server says of it', () => {
    const { shown, take } = setUp()
    const hint = {
      type: 'hint' as const,
      turnId: 'a',
      hint: 'english-only' as const,
      message: 'English.',
      mend: '',
    }
    take({ type: 'speech.started', turnId: 'a', positionMs: 0 }, hint, done('a', 'no-speech'))
    expect(shown).toMatchObject([{ outcome: 'no-speech', hint: { message: 'English.' } }])
  })

  test('a turn in which nothing was said leaves no trace, a failed one does', () => {
    const { shown, take } = setUp()
    take({ type: 'speech.started', turnId: 'a', positionMs: 0 }, done('a', 'no-speech'))
    expect(shown).toEqual([])
    const error = {
      type: 'error' as const,
      code: 'engine_failed',
      message: 'It broke.',
      recoverable: true,
      turnId: 'b',
    }
    take({ type: 'speech.started', turnId: 'b', positionMs: 0 }, error, done('b', 'failed'))
    expect(shown).toMatchObject([{ outcome: 'failed', error: { message: 'It broke.' } }])
  })

  test('when the server is lost, every open turn ends, also one that it never spoke of', () => {
    const { conversation, shown, take } = setUp()
    take(
      { type: 'speech.started', turnId: 'a', positionMs: 0 },
      { type: 'transcript.final', turnId: 'a', text: 'Hm?' },
    )
    conversation.typed('One?')
    conversation.lost(0)
    expect(shown.map(({ outcome }) => outcome)).toEqual(['lost', 'lost'])
    expect(conversation.phase()).toBe('none')
  })

  test('what was typed and not yet sent waits for the next connection, and is answered there', () => {
    const { conversation, shown, take } = setUp()
    conversation.typed('Sent?')
    conversation.typed('Not yet?')
    conversation.lost(1)
    expect(shown.map(({ outcome }) => outcome)).toEqual(['lost', null])
    take({ type: 'transcript.final', turnId: 'b', text: 'Not yet?' }, done('b', 'completed'))
    expect(shown.map(({ outcome, turnId }) => [turnId, outcome])).toEqual([
      [null, 'lost'],
      ['b', 'completed'],
    ])
  })
})
