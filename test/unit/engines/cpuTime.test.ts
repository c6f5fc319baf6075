import { expect, test } from 'vitest'
import { cpuSeconds, cpuSecondsOf, secondsOfPsTime } from '../../../server/engines/cpuTime.ts'

test('reads user and system time past a name with blanks and brackets', () => {
  const stat = '12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 999 0 0'
  expect(cpuSecondsOf(stat)).toBe(2)
})

test.each([
  ['0:01.50', 1.5],
  ['12:03:04', 43_384],
  ['1-00:00:10', 86_410],
  ['nonsense', null],
])('ps prints %s', (text, seconds) => expect(secondsOfPsTime(text)).toBe(seconds))

test('grows with what this process computes; nothing is known of a process that is gone', async () => {
  const before = (await cpuSeconds([process.pid])) ?? Number.NaN
  for (const end = process.cpuUsage().user + 60_000; process.cpuUsage().user < end; ) Math.sqrt(2)
  expect(await cpuSeconds([process.pid])).toBeGreaterThan(before)
  expect(await cpuSeconds([process.pid, 2 ** 22 + 1])).toBeNull()
  expect(await cpuSeconds([])).toBeNull()
})
