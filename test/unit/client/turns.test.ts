import { describe, expect, test } from 'vitest'
import { newestFirst, sorted } from '../../../client/turns/recordWords.ts'
import { modelsIn, summaryRows, summaryScale, turnsIn } from '../../../client/turns/summaryFigures.ts'
import { everything, filterParameters, isEverything } from '../../../client/turns/turnFilters.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import type { Summary, SummaryGroup } from '../../../server/protocol/turnQueries.ts'
import { makeTurn } from '../../support/record/records.ts'

const now = Date.UTC(2026, 10, 25, 12)

describe('the filters', () => {
  test('that ask for everything are no parameters', () => {
    expect(String(filterParameters(everything, now))).toBe('')
    expect(isEverything(everything)).toBe(true)
    expect(isEverything({ ...everything, period: 'between' })).toBe(true)
  })

  test('become those of the routes', () => {
    const chosen = { ...everything, llmModel: 'a:1b', outcome: 'failed' as const, period: 'hour' }
    expect(Object.fromEntries(filterParameters(chosen, now))).toEqual({
      llmModel: 'a:1b',
      outcome: 'failed',
      since: '2026-11-25T11:00:00.000Z',
    })
    expect(isEverything(chosen)).toBe(false)
  })

  test('between two moments take the reader’s own time, and leave out a moment that is none', () => {
    const from = '2026-11-24T09:30'
    const chosen = { ...everything, period: 'between', from, to: 'soon' }
    expect(Object.fromEntries(filterParameters(chosen, now))).toEqual({ since: new Date(from).toISOString() })
  })
})

describe('sorting', () => {
  const turn = (i: number, firstTokenMs: number | null): StoredTurn => {
    const { record, text } = makeTurn(i)
    return { ...record, ...text, fromSpeechEnd: { ...record.fromSpeechEnd, firstTokenMs } }
  }
  const turns = [turn(1, 300), turn(2, null), turn(3, 100)]
  const places = (sorting: Parameters<typeof sorted>[1]) =>
    sorted(turns, sorting).map(each => turns.indexOf(each))

  test('by a figure puts turns without it last, either way', () => {
    expect(places({ key: 'firstTokenMs', ascending: true })).toEqual([2, 0, 1])
    expect(places({ key: 'firstTokenMs', ascending: false })).toEqual([0, 2, 1])
  })

  test('by time can begin with the newest', () => expect(places(newestFirst)).toEqual([2, 1, 0]))
})

describe('the summary', () => {
  const path = 'fromSpeechEnd.firstTokenMs'
  const group = (llmModel: string | null, p50: number | null, p95: number | null = null): SummaryGroup => ({
    keys: { llmModel, speechModel: 'w-q8_0' },
    ...{ n: 3, coldN: 1, failures: 0 },
    wasted: llmModel === 'b' ? { outputTokens: 14, engineMs: 412 } : { outputTokens: 0, engineMs: 0 },
    outcomes: { completed: 3, interrupted: 0, 'no-speech': 0, discarded: 0, failed: 0 },
    timings:
      p50 === null
        ? {}
        : { [path]: { n: 2, p50, p90: null, p95, min: p50, max: p50, interval: [p50 - 10, p50 + 10] } },
    cold: {},
  })
  const summary: Summary = {
    groupBy: ['llmModel', 'speechModel'],
    groups: [group(null, null), group('b', 300), group('a', 100, 450)],
  }

  test('has the fastest combination first, those without the figure last', () => {
    expect(summaryRows(summary, path).map(({ llmModel }) => llmModel)).toEqual(['a', 'b', null])
  })

  test('says what was asked at pauses for nothing', () => {
    const wasted = summaryRows(summary, path).map(row => row.wasted)
    expect(wasted).toEqual([null, '14 tokens and 412 ms for nothing', null])
  })

  test('draws all bars to one scale that holds them', () => {
    expect(summaryScale(summaryRows(summary, path))).toBe(450)
    expect(summaryScale(summaryRows(summary, 'llm.tokensPerSecond'))).toBe(1)
  })

  test('knows the models and the number of turns', () => {
    expect(modelsIn(summary)).toEqual({ llm: ['a', 'b'], speech: ['w-q8_0'] })
    expect(turnsIn(summary)).toBe(9)
  })
})
