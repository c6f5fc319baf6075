import { expect, test } from 'vitest'
import { createUnwrittenRows } from '../../../server/record/sqlite/unwritten.ts'
import { makeTurns } from '../../support/record/records.ts'

const [first, second, third] = makeTurns(3)
if (!first || !second || !third) throw new Error('the generator made too few')

test('when too many wait, the oldest gives way and is told', () => {
  const rows = createUnwrittenRows(2)
  expect([rows.push(first), rows.push(second), rows.push(third)]).toEqual([null, null, first])
  expect(rows.count).toBe(2)
  expect(rows.find(first.record.turnId)).toBeNull()
  expect(rows.find(third.record.turnId)).toBe(third)
})

test('rows are handed over oldest first, and the one that was refused stays with those behind it', () => {
  const rows = createUnwrittenRows()
  for (const row of [first, second, third]) rows.push(row)
  const taken: unknown[] = []
  const takeUntilSecond = () =>
    rows.drain(row => {
      if (row === second) throw new Error('full')
      taken.push(row)
    })
  expect(takeUntilSecond).toThrow('full')
  expect([taken, rows.count]).toEqual([[first], 2])
  rows.drain(row => taken.push(row))
  expect([taken, rows.count]).toEqual([[first, second, third], 0])
})

test('a row that is forgotten while it waits is never written', () => {
  const rows = createUnwrittenRows()
  rows.push(first)
  expect([rows.remove(first.record.turnId), rows.remove(first.record.turnId), rows.count]).toEqual([
    true,
    false,
    0,
  ])
})
