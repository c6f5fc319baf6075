import { expect, test } from 'vitest'
import { clipsAtOnce } from '../../../server/lab/measuring/speech.ts'
import type { Observation } from '../../../server/lab/observations.ts'

const made = { at: '', noise: false, disturbed: false, arm: 'a', round: 0 }
const observedWith = (loadMs: number, clipMs: number, block = 0): Observation[] => [
  { kind: 'speech-load', ...made, round: block, loadMs, residentBytes: 1, fileBytes: 1, bitsPerWeight: null },
  {
    kind: 'speech-decode',
    ...made,
    ...{ block, clip: 'c', transcript: '', queueMs: 0, inferenceMs: clipMs, audioMs: 1, passes: 1 },
    cpuSeconds: null,
  },
]

test('six clips a block, until it is known that a load takes longer than they do', () => {
  expect(clipsAtOnce([], 43, 3)).toEqual({ first: 6, later: 6 })
  expect(clipsAtOnce(observedWith(400, 360), 43, 3)).toEqual({ first: 6, later: 6 })
  expect(clipsAtOnce(observedWith(8000, 900), 43, 3)).toEqual({ first: 6, later: 9 })
})

test('however long loads take, a round has four blocks, and few clips make short ones', () => {
  // 6 + 3 times 12 of 43.
  expect(clipsAtOnce(observedWith(60_000, 500), 43, 3)).toEqual({ first: 6, later: 12 })
  expect(clipsAtOnce(observedWith(60_000, 500), 8, 3)).toEqual({ first: 4, later: 4 })
  expect(clipsAtOnce(observedWith(60_000, 500), 4, 2)).toEqual({ first: 1, later: 1 })
})

test('only the first block decides: a run that is gone on with has the same ones', () => {
  const first = observedWith(8000, 900)
  expect(clipsAtOnce([...first, ...observedWith(100, 900, 1)], 43, 3)).toEqual(clipsAtOnce(first, 43, 3))
})
