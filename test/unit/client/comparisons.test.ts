import Value from 'typebox/value'
import { describe, expect, test } from 'vitest'
import type { Api, ServerEvent } from '../../../client/api.ts'
import { ApiError } from '../../../client/api.ts'
import {
  type Answers,
  comparisonRequest,
  requestInWords,
} from '../../../client/comparisons/comparisonRequest.ts'
import {
  comparedInWords,
  decisiveFirst,
  figureTitle,
  intervalInWords,
  valueInWords,
  withoutSharedStart,
} from '../../../client/comparisons/figureWords.ts'
import { followRun, shareOf } from '../../../client/comparisons/following.ts'
import { paretoLayout } from '../../../client/comparisons/paretoLayout.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { type ComparisonProgress, ComparisonRequest } from '../../../server/protocol/comparisons.ts'
import { figure, makeComparisonResult } from '../../support/lab/comparisonResult.ts'

const answers: Answers = {
  ...{ speechModels: ['w-f16', 'w-q8_0'], llmModels: [], pairs: true, audio: 'builtin', directory: '' },
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
      ...{ llmModels: ['a:1b'], audio: 'directory', directory: '/clips', rounds: '3' },
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

describe('a figure', () => {
  test('is written with three digits that mean something', () => {
    expect([
      valueInWords(0.01234, 'nats'),
      valueInWords(6.85, '%'),
      valueInWords(1234.5, 'tokens/s'),
    ]).toEqual([...['0.0123 nats', '6.85 %', '1,235 tokens/s']])
    expect([valueInWords(43_600_000, 'bytes'), valueInWords(412.3, 'ms'), valueInWords(0, 'words')]).toEqual([
      ...['44 MB', '412 ms', '0 words'],
    ])
  })

  test('says its unit once in an interval', () => {
    expect(intervalInWords([329, 374.4], 'ms')).toBe('329 – 374 ms')
    expect(intervalInWords([990_000_000, 1_200_000_000], 'bytes')).toBe('990 MB – 1.2 GB')
  })

  test('stands to the reference by ratio, else by difference, with its verdict', () => {
    expect(comparedInWords(figure(350, 'ms', { ratioToReference: 0.762, verdict: 'better' }))).toBe(
      '0.76×, better',
    )
    expect(
      comparedInWords(figure(9, '%', { differenceToReference: -1.5, verdict: 'no-difference-shown' })),
    ).toBe('−1.5 points, no difference shown')
    expect(comparedInWords(figure(9, '%'))).toBe('')
  })

  test('that decides comes first', () => {
    expect(decisiveFirst(['fileBytes', 'loadMs', 'inferenceMs', 'x'])).toEqual([
      'inferenceMs',
      'fileBytes',
      'loadMs',
      'x',
    ])
  })

  test('has a heading, known or not', () => {
    expect([figureTitle('wordErrorRate'), figureTitle('cpuSecondsPerTurn')]).toEqual([
      'word errors',
      'cpu seconds per turn',
    ])
  })
})

describe('names', () => {
  const shortened = (...names: string[]) => {
    const { shared, short } = withoutSharedStart(names)
    return [shared, ...names.map(short)]
  }

  test('lose what all of them begin with, by whole parts', () => {
    expect(shortened('whisper-tiny.en-q8_0', 'whisper-tiny.en-q5_1')).toEqual([
      'whisper-tiny.en',
      'q8_0',
      'q5_1',
    ])
    expect(shortened('whisper-tiny.en-f16', 'whisper-base-f16')).toEqual([
      'whisper',
      'tiny.en-f16',
      'base-f16',
    ])
    expect(shortened('a:1b', 'b:1b')).toEqual(['', 'a:1b', 'b:1b'])
    expect(shortened('whisper-tiny.en-f16')).toEqual(['', 'whisper-tiny.en-f16'])
  })
})

describe('the plot of a front', () => {
  const { pareto } = makeComparisonResult('x')

  test('numbers its points by the first axis and keeps them inside', () => {
    const placed = paretoLayout(pareto.speech)
    expect(placed.map(({ number, name }) => [number, name.split('-').at(-1)])).toEqual([
      ...[
        [1, 'q4_0'],
        [2, 'q8_0'],
        [3, 'q5_1'],
        [4, 'f16'],
      ],
    ])
    for (const { x, y, size } of placed) {
      for (const share of [x, y, size]) {
        expect(share).toBeGreaterThan(0)
        expect(share).toBeLessThanOrEqual(1)
      }
    }
  })

  test('has none without two axes, and one place for equal values', () => {
    expect(paretoLayout(pareto.llm)).toEqual([])
    const [axis] = pareto.speech.axes
    const point = { name: 'a', values: [3, 3], dominated: false, dominatedBy: [] }
    expect(paretoLayout({ axes: axis ? [axis, axis] : [], points: [point] })[0]).toMatchObject({
      x: 0.5,
      y: 0.5,
    })
  })
})

describe('following a run', () => {
  const progress: ComparisonProgress = {
    ...{ phase: 'speech', what: 'x', doneSteps: 1, totalSteps: 4, elapsedMs: 1, remainingMs: null },
  }
  /** One connection after another: its events, and what it ends with. */
  const apiOf = (...lines: [ServerEvent[], Error?][]) => {
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

  test('knows its share once it knows the steps', () => {
    expect([shareOf(progress), shareOf({ ...progress, totalSteps: 0 })]).toEqual([0.25, null])
  })
})

test('the report that tests show is one of the protocol', () => {
  expect(Value.Check(ComparisonResult, makeComparisonResult('x'))).toBe(true)
})
