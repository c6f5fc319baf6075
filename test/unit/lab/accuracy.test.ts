import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pairAnswers } from '../../../server/lab/judging/language/answers.ts'
import { checkedAnswers, flipsBetween } from '../../../server/lab/judging/language/checkedAnswers.ts'
import { klTop20, positionFigures } from '../../../server/lab/judging/language/divergence.ts'
import { front } from '../../../server/lab/judging/pareto.ts'
import type { LlmAnswer, LlmPosition } from '../../../server/lab/observations.ts'

const logged = (probabilities: Record<string, number>) =>
  Object.entries(probabilities).map(([token, p]) => ({ token, logprob: Math.log(p) }))

describe('klTop20', () => {
  test('by hand: two common tokens and one bucket for the rest', () => {
    // Reference .5 .3 and .2 outside; own .4 .4 and .2 outside.
    const expected = 0.5 * Math.log(0.5 / 0.4) + 0.3 * Math.log(0.3 / 0.4) + 0.2 * Math.log(0.2 / 0.2)
    expect(expected).toBeCloseTo(0.025267, 6)
    expect(klTop20(logged({ a: 0.5, b: 0.3 }), logged({ a: 0.4, b: 0.4 }))).toBeCloseTo(expected, 12)
  })

  test('by hand: a token that only one list has goes into the bucket', () => {
    // Common: a. Reference rest .5 (b .3 and .2 outside), own rest .2 (c .1 and .1 outside).
    const expected = 0.5 * Math.log(0.5 / 0.8) + 0.5 * Math.log(0.5 / 0.2)
    expect(klTop20(logged({ a: 0.5, b: 0.3 }), logged({ a: 0.8, c: 0.1 }))).toBeCloseTo(expected, 12)
  })

  test('tokens that read the same are one', () => {
    const twice = [...logged({ a: 0.5 }), ...logged({ a: 0.2 })]
    expect(klTop20(twice, logged({ a: 0.7 }))).toBeCloseTo(0, 12)
  })

  const tokens = ['a', 'b', 'c', 'd', 'e']
  const distribution = fc
    .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })
    .map(weights => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return weights.map(weight => weight / total)
    })
  const top = (p: readonly number[], count: number) =>
    tokens
      .map((token, i) => ({ token, logprob: Math.log(p[i] ?? 0) }))
      .sort((x, y) => y.logprob - x.logprob)
      .slice(0, count)

  test('is 0 for the same list, never below 0, and never above the divergence over all tokens', () => {
    fc.assert(
      fc.property(distribution, distribution, fc.integer({ min: 1, max: 5 }), (p, q, count) => {
        expect(klTop20(top(p, count), top(p, count))).toBeCloseTo(0, 12)
        const whole = p.reduce((sum, value, i) => sum + value * Math.log(value / (q[i] ?? 0)), 0)
        const bound = klTop20(top(p, count), top(q, count))
        expect(bound).toBeGreaterThanOrEqual(0)
        expect(bound).toBeLessThanOrEqual(whole + 1e-9)
      }),
    )
  })
})

const position = (question: string, at: number, chosen: string | null): LlmPosition => ({
  ...{ kind: 'llm-position', at: '', noise: false, disturbed: false, arm: 'x', round: 0 },
  ...{ question, position: at, chosen, top: chosen === null ? [] : logged({ [chosen]: 0.6 }) },
})

test('positions are paired by question and place; one without its other half is left out', () => {
  const { agreement, divergence } = positionFigures(
    [position('q', 0, 'a'), position('q', 3, 'b'), position('r', 0, 'c')],
    [position('q', 0, 'a'), position('q', 3, 'z')],
  )
  expect(agreement.map(({ of, value }) => [of, value])).toEqual([
    ['q', 100],
    ['q', 0],
  ])
  expect(divergence.map(({ value }) => value)).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12)])
})

test('to end the text is a choice: another one than any token, the same as to end it', () => {
  const { agreement, divergence } = positionFigures(
    [position('q', 0, null), position('q', 3, null), position('q', 5, 'a')],
    [position('q', 0, 'a'), position('q', 3, null), position('q', 5, null)],
  )
  expect(agreement.map(({ value }) => value)).toEqual([0, 100, 0])
  expect(divergence).toEqual([])
})

const answer = (question: string, text: string, round = 0): LlmAnswer => ({
  ...{
    kind: 'llm-answer',
    at: '',
    noise: false,
    disturbed: false,
    arm: 'x',
    round,
    block: 0,
    question,
    text,
  },
  ...{ pieces: text.split(/(?= )/), timeToFirstTokenMs: 1, totalMs: 1, loadMs: 1, promptTokens: 1 },
  ...{ cachedPromptTokens: null, promptEvalMs: 1, uniqueStart: true, outputTokens: 1, evalMs: 1 },
  ...{ doneReason: 'stop', cpuSeconds: null },
})

test('answers diverge at the first piece that differs; one that only ends earlier, at its end', () => {
  const pairs = pairAnswers(
    [
      answer('same', 'It is blue.'),
      answer('late', 'It is red.'),
      answer('short', 'It'),
      answer('alone', 'x'),
    ],
    [answer('same', ' It is blue. '), answer('late', 'It is blue.'), answer('short', 'It is')],
  )
  expect(pairs.map(({ question, same, samePieces }) => [question, same, samePieces])).toEqual([
    ['same', true, null],
    ['late', false, 2],
    ['short', false, 1],
  ])
})

describe('checked answers', () => {
  const questions = [
    { id: 'sky', text: 'What color is the sky?', check: { kind: 'anyOf' as const, phrases: ['blue'] } },
    { id: 'open', text: 'Tell me something.', check: null },
  ]

  test('are right in most rounds, and open questions are not counted', () => {
    const right = (...texts: string[]) =>
      checkedAnswers(
        [...texts.map((text, round) => answer('sky', text, round)), answer('open', 'blue')],
        questions,
      )
    expect([...right('Blue.', 'blue', 'red')]).toEqual([['sky', true]])
    expect([...right('Blue.', 'red', 'red')]).toEqual([['sky', false]])
    expect([...right()]).toEqual([])
  })

  test('flips are counted both ways over what both answered', () => {
    const before = new Map([
      ['a', true],
      ['b', true],
      ['c', false],
      ['d', false],
    ])
    const now = new Map([
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
      ['e', true],
    ])
    expect(flipsBetween(now, before)).toEqual({ bothRight: 1, bothWrong: 1, gained: 1, lost: 1, pValue: 1 })
  })
})

describe('Pareto front', () => {
  const axes = [
    { figure: 'error', label: 'Error', unit: '%', better: 'lower' as const },
    { figure: 'speed', label: 'Speed', unit: '1/s', better: 'higher' as const },
  ]

  test('names what dominates; equals do not dominate one another; a point without a value is left out', () => {
    const { points } = front(axes, [
      { name: 'best', values: [1, 10] },
      { name: 'twin', values: [1, 10] },
      { name: 'fast', values: [5, 20] },
      { name: 'beaten', values: [2, 10] },
      { name: 'unknown', values: [null, 30] },
    ])
    expect(points.map(({ name, dominatedBy }) => [name, dominatedBy])).toEqual([
      ['best', []],
      ['twin', []],
      ['fast', []],
      ['beaten', ['best', 'twin']],
    ])
  })

  test('every dominated point is dominated by one that is not', () => {
    const values = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(values, { maxLength: 12 }), points => {
        const judged = front(
          axes,
          points.map((at, i) => ({ name: String(i), values: at })),
        ).points
        const free = new Set(judged.filter(({ dominated }) => !dominated).map(({ name }) => name))
        if (points.length > 0) expect(free.size).toBeGreaterThan(0)
        for (const { dominatedBy, dominated } of judged) {
          expect(dominatedBy.some(name => free.has(name))).toBe(dominated)
        }
      }),
    )
  })
})
