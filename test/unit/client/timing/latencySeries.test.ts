import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ticks } from '../../../../client/timing/axis.ts'
import { inWords, latencySeries, limitOf, runsOf } from '../../../../client/timing/latencySeries.ts'
import type { TurnRecord } from '../../../../server/protocol/record.ts'
import { makeTurn } from '../../../support/record/records.ts'

type Made = {
  llm?: string | null
  speech?: string | null
  token?: number | null
  audio?: number | null
  cold?: boolean
}

function turn({
  llm = 'a:1b-q4',
  speech = 'tiny-q8_0',
  token = 100,
  audio = 200,
  cold = false,
}: Made): TurnRecord {
  const { record } = makeTurn(1)
  return {
    ...record,
    fromSpeechEnd: { ...record.fromSpeechEnd, firstTokenMs: token, firstAudioMs: audio },
    llm: { ...record.llm, model: llm, cold },
    speech: { ...record.speech, model: speech, cold: false },
  }
}

describe('the series of the chart', () => {
  test('keep each combination in its places, and its medians', () => {
    const { count, combinations } = latencySeries([
      turn({ token: 100 }),
      turn({ llm: 'a:1b-q8', token: 300 }),
      turn({ token: 140 }),
      turn({ speech: 'tiny-f16', token: 400, audio: null }),
    ])
    expect(count).toBe(4)
    expect(
      combinations.map(({ llmModel, speechModel, color, dash }) => [llmModel, speechModel, color, dash]),
    ).toEqual([
      ['a:1b-q4', 'tiny-q8_0', 0, 0],
      ['a:1b-q8', 'tiny-q8_0', 1, 0],
      ['a:1b-q4', 'tiny-f16', 0, 1],
    ])
    expect(combinations[0]?.warm.firstTokenMs).toEqual([100, null, 140, null])
    expect(combinations[0]?.median).toMatchObject({ firstTokenMs: 120, firstAudioMs: 200 })
    expect(combinations[2]?.median).toMatchObject({ firstTokenMs: 400, firstAudioMs: null })
  })

  test('leave out what the lab asked', () => {
    expect(latencySeries([{ ...turn({}), source: 'comparison' }]).count).toBe(0)
  })

  test('leave out what was not answered', () => {
    expect(latencySeries([turn({ llm: null }), turn({ token: null })])).toEqual({
      count: 0,
      combinations: [],
    })
  })

  test('keep cold turns out of the median, and on the chart', () => {
    const [only] = latencySeries([
      turn({ token: 900, cold: true }),
      turn({ token: 100 }),
      turn({ token: 120 }),
    ]).combinations
    expect(only?.cold.firstTokenMs).toEqual([900, null, null])
    expect(only?.median.firstTokenMs).toBe(110)
    expect([only?.turns, only?.coldTurns]).toEqual([3, 1])
  })

  test('have lines where their turns follow each other, none across those of another level', () => {
    const b = turn({ llm: 'b:1b', audio: null })
    const { combinations } = latencySeries([b, turn({}), turn({ cold: true }), b, turn({})])
    const runs = (metric: 'firstTokenMs' | 'firstAudioMs') =>
      combinations.map(combination => runsOf(combination, metric))
    expect(runs('firstTokenMs')).toEqual([
      [
        [0, 0],
        [3, 3],
      ],
      [
        [1, 2],
        [4, 4],
      ],
    ])
    expect(runs('firstAudioMs')[0]).toEqual([])
  })

  test('are shown up to the slowest usual turn: one that is far above flattens no other', () => {
    const series = latencySeries([
      turn({ token: 90 }),
      turn({ token: 14_000, cold: true }),
      turn({ token: 130 }),
    ])
    expect(limitOf(series, 'firstTokenMs')).toBe(130)
  })

  test('have memory of both engines and tokens a second', () => {
    const { record } = makeTurn(1)
    const [only] = latencySeries([
      {
        ...turn({}),
        memory: { ...record.memory, llmResidentBytes: 500e6, speechResidentBytes: 100e6 },
        llm: { ...record.llm, model: 'a', cold: false, tokensPerSecond: 31 },
      },
    ]).combinations
    expect(only?.median).toMatchObject({ memoryBytes: 600e6, tokensPerSecond: 31 })
  })

  test('are named in one spelling', () => {
    const made = turn({ llm: 'a:1b' })
    const [only] = latencySeries([{ ...made, llm: { ...made.llm, quantization: 'Q4_K_M' } }]).combinations
    expect(only?.llmLevel).toBe('q4_K_M')
  })

  test('say themselves in words', () => {
    expect(inWords(latencySeries([]))).toBe('No answered turns yet.')
    expect(
      inWords(latencySeries([turn({}), turn({ token: 121, audio: null, speech: null, cold: true })])),
    ).toBe(
      '2 turns. a:1b-q4 with tiny-q8_0: 1 turn, median first token 100 ms, first audio 200 ms. ' +
        'a:1b-q4 with typed questions: 1 turn, 1 of them cold, no warm turn.',
    )
  })

  test('hold every value once, in its place', () => {
    const made = fc.record({
      llm: fc.constantFrom('a', 'b', 'c'),
      speech: fc.constantFrom('x', 'y', null),
      token: fc.integer({ min: 1, max: 9999 }),
      cold: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(made, { maxLength: 30 }), turns => {
        const { count, combinations } = latencySeries(turns.map(turn))
        expect(count).toBe(turns.length)
        for (const [place, { token }] of turns.entries()) {
          const values = combinations.flatMap(({ warm, cold }) => [
            warm.firstTokenMs[place],
            cold.firstTokenMs[place],
          ])
          expect(values.filter(value => value !== null)).toEqual([token])
        }
      }),
    )
  })
})

describe('the marks of an axis', () => {
  test('are round and lie within it', () => {
    expect(ticks(0, 650, 5)).toEqual([0, 200, 400, 600])
    expect(ticks(0, 9.3, 5)).toEqual([0, 2, 4, 6, 8])
    expect(ticks(-30, 100, 5)).toEqual([0, 50, 100])
    expect(ticks(0, 0, 5)).toEqual([])
  })

  test('are neither none nor many, whatever the range', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), to => {
        const marks = ticks(0, to, 5)
        expect(marks.length).toBeGreaterThanOrEqual(2)
        expect(marks.length).toBeLessThanOrEqual(6)
        expect(marks.at(-1)).toBeLessThanOrEqual(to)
      }),
    )
  })
})
