import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { PairAnswer } from '../../../../server/protocol/turns.ts'
import { ask, askText, messagesOf, wantsEvents } from '../../../support/http.ts'
import { startTestApp } from '../../../support/testApp.ts'

const pairSchema = Compile(PairAnswer)
const other = { llmModel: 'other:2b-q8_0' }
const textPair = { text: 'Hi', compareWith: other }

describe('a question to two combinations', () => {
  test('is answered by both, in a pair of rows, and said to be which', async () => {
    const server = await startTestApp()
    const response = await askText(server.app, textPair)
    expect(response.statusCode).toBe(200)
    const { pairId, turns }: PairAnswer = response.json()
    expect(pairSchema.Errors(response.json())[1]).toEqual([])
    expect(turns.map(({ timings }) => timings.llm.model)).toEqual(['fake:1b-q4_K_M', 'other:2b-q8_0'])
    expect(turns.map(({ timings }) => timings.pair)).toEqual([
      { pairId, askedAs: 1, goesOn: true },
      { pairId, askedAs: 2, goesOn: false },
    ])
    const { items } = (await server.app.inject('/v1/turns')).json()
    expect(items.map(({ turnId, pair }: { turnId: string; pair: unknown }) => [turnId, pair])).toEqual(
      turns.toReversed().map(({ turnId, timings }) => [turnId, timings.pair]),
    )
    const csv = (await server.app.inject('/v1/turns?format=csv')).body
    expect(csv.split('\n')[0]).toContain('pair.pairId,pair.askedAs')
  })

  test('is asked of either first, in turns', async () => {
    const server = await startTestApp()
    const firsts: unknown[] = []
    for (let pair = 0; pair < 4; pair++) {
      const { turns }: PairAnswer = (await askText(server.app, textPair)).json()
      expect(turns.map(({ timings }) => timings.llm.model)).toEqual(['fake:1b-q4_K_M', 'other:2b-q8_0'])
      firsts.push(turns.findIndex(({ timings }) => timings.pair?.askedAs === 1))
    }
    expect(firsts).toEqual([0, 1, 0, 1])
  })

  test('never both at once', async () => {
    const server = await startTestApp()
    await ask(server.app, { compareWith: JSON.stringify({ speechModel: 'whisper-base-q4_0' }) })
    expect(server.calls).toEqual([
      'recognize whisper-tiny.en-q8_0',
      'respond',
      ...['speak It is ten past nine.', 'speak Good evening.'],
      'recognize whisper-base-q4_0',
      'respond',
      ...['speak It is ten past nine.', 'speak Good evening.'],
    ])
  })

  test('goes on in the conversation with the first combination’s answer alone, and neither knows the other’s', async () => {
    const server = await startTestApp()
    const { open } = server.stages.conversations
    for (const [time, turnsKept] of [
      [1, 1],
      [2, 2],
    ] as const) {
      await askText(server.app, { ...textPair, text: `Question ${time}`, conversationId: 'talk' })
      expect(open('talk').turns()).toHaveLength(turnsKept)
    }
    expect(
      open('talk')
        .turns()
        .map(({ user }) => user),
    ).toEqual(['Question 1', 'Question 2'])
  })

  test('is told as events of both, the pair first', async () => {
    const server = await startTestApp()
    const messages = messagesOf((await askText(server.app, textPair, wantsEvents)).body) as unknown[]
    const [pair, ...rest] = messages as [{ turnIds: string[] }, ...{ type: string; turnId: string }[]]
    expect(pair).toMatchObject({ type: 'pair', pairId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    const ends = rest.filter(({ type }) => type === 'turn.done').map(({ turnId }) => turnId)
    expect(ends).toEqual(pair.turnIds)
    expect(new Set(rest.map(({ turnId }) => turnId))).toEqual(new Set(pair.turnIds))
  })

  test('of which one cannot be asked has the answer of the other, and why', async () => {
    const server = await startTestApp()
    const compareWith = { voice: 'flite:stl' }
    const response = await askText(server.app, { text: 'Hi', compareWith })
    expect(response.statusCode).toBe(200)
    const { turns }: PairAnswer = response.json()
    expect(turns[0].error).toBeUndefined()
    expect(turns[0].reply).not.toBe('')
    expect(turns[1]).toMatchObject({
      reply: '',
      error: { code: 'model_not_found', mend: expect.any(String) },
    })
    expect(turns[1].timings).toMatchObject({ outcome: 'failed', errorCode: 'model_not_found' })
  })

  test('that neither can be asked is refused as the first is', async () => {
    const server = await startTestApp()
    const missing = { voice: 'flite:stl' }
    const response = await askText(server.app, { text: 'Hi', ...missing, compareWith: missing })
    expect([response.statusCode, response.json().code]).toEqual([404, 'model_not_found'])
  })
})

test.each([
  ['nothing', {}],
  ['another conversation', { conversationId: 'other' }],
  ['no object', 'other:2b-q8_0'],
])('compared with %s a question is refused', async (_what, compareWith) => {
  const server = await startTestApp()
  const response = await askText(server.app, { text: 'Hi', compareWith })
  expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
  expect(server.calls).toEqual([])
})

test('a form in which it is no JSON is refused', async () => {
  const server = await startTestApp()
  const response = await ask(server.app, { compareWith: 'other:2b-q8_0' })
  expect([response.statusCode, response.json()]).toMatchObject([
    400,
    { code: 'invalid_request', detail: '"compareWith" is not JSON.' },
  ])
})
