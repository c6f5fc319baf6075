import { expect, test } from 'vitest'
import {
  bytes,
  clockTime,
  duration,
  milliseconds,
  percent,
  rangeInWords,
  span,
} from '../../../client/figures.ts'
import { counted } from '../../../server/shared/figures.ts'

test('milliseconds have a decimal below ten, and are a dash when unknown', () => {
  expect([0.04, 9.94, 9.96, 412.4, 1240, null].map(milliseconds)).toEqual([
    '0.0',
    '9.9',
    '10',
    '412',
    '1,240',
    '–',
  ])
})

test('durations become seconds from ten on', () => {
  expect([9_999, 9_999.6, 61_000, null].map(duration)).toEqual(['9,999 ms', '10.0 s', '61.0 s', '–'])
})

test('what is left is said roughly', () => {
  expect([400, 59_400, 59_600, 3_540_000, 7_200_000, 7_500_000].map(span)).toEqual([
    ...['0 s', '59 s', '1 min', '59 min', '2 h', '2 h 5 min'],
  ])
})

test('bytes are decimal', () => {
  expect([499, 98_300_000, 999_400_000, 999_600_000, null].map(bytes)).toEqual([
    '0 kB',
    '98 MB',
    '999 MB',
    '1.0 GB',
    '–',
  ])
})

test('shares, counts and ranges', () => {
  expect([percent(0.314), percent(null)]).toEqual(['31 %', '–'])
  expect([counted(1, 'turn'), counted(1200, 'turn')]).toEqual(['1 turn', '1,200 turns'])
  expect([rangeInWords('40 ms', '52 ms'), rangeInWords('990 MB', '1.2 GB'), rangeInWords('3', '4')]).toEqual([
    ...['40 – 52 ms', '990 MB – 1.2 GB', '3 – 4'],
  ])
})

test('a time that is none is shown as it came', () => expect(clockTime('soon')).toBe('soon'))
