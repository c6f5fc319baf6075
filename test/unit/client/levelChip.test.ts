import { describe, expect, test } from 'vitest'
import { reasonAfter } from '../../../client/firstUse/readiness.ts'
import { stepOf } from '../../../client/models/levelChip.ts'
import { metricTexts } from '../../../client/timing/chartTabs.ts'
import { wordErrorRows } from '../../../client/timing/wordErrors.ts'
import { makeComparisonResult } from '../../support/lab/comparisonResult.ts'

const key = (key: string, held: { ctrlKey?: boolean; altKey?: boolean; metaKey?: boolean } = {}) => ({
  ...{ key, ctrlKey: false, altKey: false, metaKey: false },
  ...held,
})

describe('the keys of the levels', () => {
  test('step answers by brackets, speech by braces', () => {
    expect(stepOf(key('['))).toEqual({ setting: 'llmModel', direction: 'down' })
    expect(stepOf(key('}'))).toEqual({ setting: 'speechModel', direction: 'up' })
    expect(stepOf(key('a'))).toBeNull()
  })

  test('work where the signs are on AltGr, and leave commands of the browser alone', () => {
    expect(stepOf(key(']', { ctrlKey: true, altKey: true }))).not.toBeNull()
    expect(stepOf(key('[', { metaKey: true }))).toBeNull()
    expect(stepOf(key('[', { ctrlKey: true }))).toBeNull()
  })
})

describe('the marks of the chart', () => {
  test('are in seconds where milliseconds would be long', () => {
    expect(metricTexts.firstTokenMs.marks([0, 500, 1000])).toEqual(['0', '500', '1,000'])
    expect(metricTexts.firstTokenMs.marks([0, 5000, 10_000])).toEqual(['0 s', '5 s', '10 s'])
  })

  test('of memory have a unit', () => {
    expect(metricTexts.memoryBytes.marks([0, 500e6])).toEqual(['0 MB', '500 MB'])
    expect(metricTexts.memoryBytes.marks([0, 1.5e9])).toEqual(['0 GB', '1.5 GB'])
  })

  test.each([
    ['firstTokenMs', 1e8],
    ['memoryBytes', 1e12],
    ['tokensPerSecond', 1e5],
  ] as const)('fit beside the axis: %s', (metric, limit) => {
    for (let most = 1; most < limit; most *= 7) {
      const texts = metricTexts[metric].marks([0, most / 2, most].map(value => Number(value.toPrecision(1))))
      expect(Math.max(...texts.map(text => text.length))).toBeLessThanOrEqual(8)
    }
  })
})

test('word errors stand in their order, with their intervals as shares', () => {
  const rows = wordErrorRows(makeComparisonResult('a').speech)
  expect(rows.length).toBeGreaterThan(1)
  expect(rows.map(({ rate }) => rate)).toEqual(rows.map(({ rate }) => rate).sort((a, b) => a - b))
  expect(Math.max(...rows.map(({ rate }) => rate))).toBeLessThan(1)
})

test.each([
  ['whisper-server', 'whisper-server whisper-tiny.en-q8_0 is starting', ' whisper-tiny.en-q8_0 is starting'],
  ['ollama', 'it does not answer', ' it does not answer'],
])('%s is not named twice', (what, why, text) => {
  expect(reasonAfter(what, why)).toBe(text)
})
