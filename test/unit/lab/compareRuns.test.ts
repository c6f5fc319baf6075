import { beforeAll, describe, expect, test } from 'vitest'
import { compareRuns } from '../../../server/lab/judging/compareRuns.ts'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import type { Observation } from '../../../server/lab/observations.ts'
import type { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { asLines, labRun, plan, smol, tiny } from '../../support/lab/labRun.ts'

const judged = (change: (observation: Observation) => Observation = one => one) =>
  judgeRun(readRun(asLines(labRun({ rounds: 1 }).map(change))))

let baseline: ComparisonResult
beforeAll(() => {
  baseline = judged()
})

const slower = (name: string, factor: number) => (one: Observation) =>
  one.kind === 'speech-decode' && one.arm === name ? { ...one, inferenceMs: one.inferenceMs * factor } : one

test('a run does not regress against itself', () => {
  const { regressed, differences, compared, text } = compareRuns(baseline, baseline)
  expect(regressed).toBe(false)
  expect(differences).toEqual([])
  expect(compared).toBeGreaterThan(80)
  expect(text).toBe(
    `${compared} figures compared with run ${baseline.id}: 0 worse and 0 better beyond their margins.`,
  )
})

test('a level that got slower beyond the margin is a regression, one within it is not', () => {
  const name = `${tiny}-q8_0`
  const worse = compareRuns(judged(slower(name, 1.3)), baseline)
  expect(worse.regressed).toBe(true)
  expect(worse.differences.map(({ arm, figure }) => [arm, figure])).toEqual([
    [name, 'inferenceMs'],
    [name, 'realTimeFactor'],
  ])
  expect(worse.text).toMatch(
    /^whisper-tiny\.en-q8_0: inferenceMs is worse: \d+ ms instead of \d+ ms \(95 % interval of the ratio: 1\.30× to 1\.30×\)\.$/m,
  )
  expect(compareRuns(judged(slower(name, 1.03)), baseline).regressed).toBe(false)
})

test('what got better is told and is no regression', () => {
  const { regressed, differences } = compareRuns(judged(slower(`${tiny}-q8_0`, 0.7)), baseline)
  expect(regressed).toBe(false)
  expect(differences.map(({ change }) => change)).toEqual(['better', 'better'])
})

test('more word errors are a regression', () => {
  const name = `${tiny}-q8_0`
  const result = judged(one =>
    one.kind === 'speech-decode' && one.arm === name ? { ...one, transcript: `well ${one.transcript}` } : one,
  )
  const figures = compareRuns(result, baseline).differences.map(({ arm, figure }) => `${arm} ${figure}`)
  expect(figures).toContain(`${name} wordErrorRate`)
})

test('runs that a budget cut at different places are compared by what both have done', () => {
  const cut = (keep: (index: number) => boolean) => {
    const clips = new Set(plan.clips.map(({ id }) => id).filter((_, index) => keep(index)))
    const questions = new Set(plan.questions.map(({ id }) => id).filter((_, index) => keep(index)))
    const kept = labRun({ rounds: 1 }).filter(one => {
      if (one.kind === 'speech-decode') return clips.has(one.clip)
      return one.kind === 'llm-answer' || one.kind === 'llm-position' ? questions.has(one.question) : true
    })
    return judgeRun(readRun(asLines(kept)))
  }
  const shorter = cut(index => index % 3 !== 0)
  for (const [now, before] of [
    [shorter, baseline],
    [baseline, shorter],
    [shorter, cut(index => index % 3 !== 1)],
  ] as const) {
    const { differences, compared } = compareRuns(now, before)
    expect(differences.map(({ text }) => text)).toEqual([])
    expect(compared).toBeGreaterThan(40)
  }
})

test('an arm that fails now and did not then is a regression; one that is absent is told', () => {
  const failed = structuredClone(baseline)
  const tag = failed.llm.find(({ name }) => name === `${smol}-q8_0`)
  if (tag) tag.failures = 3
  failed.speech = failed.speech.filter(({ name }) => name !== `${tiny}-q5_1`)
  const { regressed, text } = compareRuns(failed, baseline)
  expect(regressed).toBe(true)
  expect(text).toContain(`${smol}-q8_0 failed 3 times; it did not then.`)
  expect(text).toContain(`${tiny}-q5_1 was compared then and is not now.`)
})

describe('of another machine', () => {
  const elsewhere = (factor: number, ofLevel = 1) =>
    judgeRun(
      readRun(
        asLines(
          labRun({ rounds: 1, plan: { environment: { ...plan.environment, cpu: 'another' } } }).map(one =>
            one.kind === 'speech-decode'
              ? {
                  ...one,
                  inferenceMs: one.inferenceMs * factor * (one.arm === `${tiny}-q8_0` ? ofLevel : 1),
                }
              : one,
          ),
        ),
      ),
    )

  test('times are compared by their ratios to the reference', () => {
    const { regressed, sameMachine, text } = compareRuns(elsewhere(2), baseline)
    expect(sameMachine).toBe(false)
    expect(regressed).toBe(false)
    expect(text).toMatch(/^Another machine: /)
  })

  test('a ratio that got worse is a regression there too', () => {
    const { regressed, text } = compareRuns(elsewhere(2, 1.3), baseline)
    expect(regressed).toBe(true)
    expect(text).toMatch(/whisper-tiny\.en-q8_0: inferenceMs is worse: 0\.\d\d× instead of 0\.\d\d×/)
  })
})
