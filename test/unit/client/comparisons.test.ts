import Value from 'typebox/value'
import { describe, expect, test } from 'vitest'
import type { Api } from '../../../client/api.ts'
import { ApiError } from '../../../client/api.ts'
import {
  type Answers,
  comparisonRequest,
  requestInWords,
} from '../../../client/comparisons/comparisonRequest.ts'
import { followRun } from '../../../client/comparisons/following.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { type ComparisonProgress, ComparisonRequest } from '../../../server/protocol/comparisons.ts'
import { shareDone } from '../../../server/shared/comparisons.ts'
import type { StreamedEvent } from '../../../server/shared/eventStream.ts'
import { makeComparisonResult } from '../../support/lab/comparisonResult.ts'

const answers: Answers = {
  ...{
    speechModels: ['w-f16', 'w-q8_0'],
    llmModels: [],
    voices: [],
    pairs: true,
    audio: 'builtin',
    directory: '',
  },
  ...{ rounds: '', budgetMinutes: '8', memoryMegabytes: '', firstTokenMs: '', wordErrorRateIncrease: '' },
}

describe('what the form asks', () => {
  test('is a request of the route, without what was left empty', () => {
    const request = comparisonRequest(answers)
    expect(request).toEqual({
      speechModels: ['w-f16', 'w-q8_0'],
      pairs: false,
      audio: 'builtin',
      budgetSeconds: 480,
    })
    Value.Assert(ComparisonRequest, request)
  })

  test('has limits in the units of the route', () => {
    const request = comparisonRequest({
      ...answers,
      ...{ llmModels: ['a:1b'], voices: ['flite:slt'], audio: 'directory', directory: '/clips', rounds: '3' },
      ...{
        memoryMegabytes: '900',
        firstTokenMs: '300.5',
        wordErrorRateIncrease: '0.5',
        budgetMinutes: 'soon',
      },
    })
    expect(request).toEqual({
      ...{
        speechModels: ['w-f16', 'w-q8_0'],
        llmModels: ['a:1b'],
        voices: ['flite:slt'],
        pairs: true,
        audio: { directory: '/clips' },
        rounds: 3,
      },
      limits: { memoryBytes: 900_000_000, firstTokenMs: 300.5, wordErrorRateIncrease: 0.5 },
    })
    Value.Assert(ComparisonRequest, request)
  })

  test('is said short', () => {
    expect(requestInWords({})).toBe('the default models')
    expect(requestInWords({ speechModels: ['a', 'b', 'c'], llmModels: ['x'] })).toBe('a and 2 more · x')
  })
})

describe('following a run', () => {
  const progress: ComparisonProgress = {
    ...{ phase: 'speech', what: 'x', doneSteps: 1, totalSteps: 4, elapsedMs: 1, remainingMs: null },
  }
  /** One connection after another: its events, and what it ends with. */
  const apiOf = (...lines: [StreamedEvent[], Error?][]) => {
    let asked = 0
    const api = {
      async *events() {
        const [events, error] = lines[asked++] ?? [[]]
        yield* events
        if (error) throw error
      },
    } as unknown as Api
    return { api, asked: () => asked }
  }

  test('goes on over a line that broke, until the run is over', async () => {
    const { api, asked } = apiOf(
      [[{ event: 'progress', data: progress }], new Error('broke')],
      [[]],
      [
        [
          { event: 'progress', data: { ...progress, doneSteps: 4 } },
          { event: 'done', data: { id: 'x', state: 'done' } },
        ],
      ],
    )
    const told: number[] = []
    await followRun(api, 'x', ({ doneSteps }) => told.push(doneSteps), new AbortController().signal, 1)
    expect([told, asked()]).toEqual([[1, 4], 3])
  })

  test('ends when nobody looks any more, and where there is no such run', async () => {
    const left = new AbortController()
    const { api } = apiOf([[{ event: 'progress', data: progress }], new Error('left')])
    await followRun(api, 'x', () => left.abort(), left.signal, 1)
    const gone = apiOf([[], new ApiError('not_found', 'No such run.')])
    await expect(followRun(gone.api, 'x', () => {}, new AbortController().signal, 1)).rejects.toThrow(
      'No such run.',
    )
  })

  test('knows its share by the time that is left, else by the steps, once there are any', () => {
    expect([shareDone(progress), shareDone({ ...progress, totalSteps: 0 })]).toEqual([0.25, null])
    expect(shareDone({ ...progress, elapsedMs: 90_000, remainingMs: 30_000 })).toBe(0.75)
  })
})

test('the report that tests show is one of the protocol', () => {
  expect(Value.Check(ComparisonResult, makeComparisonResult('x'))).toBe(true)
})
