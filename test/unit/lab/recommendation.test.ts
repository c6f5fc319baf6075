import { describe, expect, test } from 'vitest'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import type { Observation } from '../../../server/lab/observations.ts'
import type { ComparisonLimits } from '../../../server/protocol/comparisons.ts'
import { asLines, base, type Change, labRun, plan, smol, tiny } from '../../support/lab/labRun.ts'

const recommended = (change: Change = {}) =>
  judgeRun(readRun(asLines(labRun({ rounds: 1, ...change })))).recommendation
const within = (limits: ComparisonLimits) => recommended({ plan: { request: { ...plan.request, limits } } })

test('is the fastest that loses no accuracy, in one sentence', () => {
  const { speech, llm, sentence } = recommended()
  expect(speech).toBe(`${tiny}-q8_0`)
  expect(llm).toBe(`${smol}-q8_0`)
  expect(sentence).toMatch(
    /^On this machine use whisper-tiny\.en-q8_0 for speech and smollm2:135m-instruct-q8_0 for answers: .*; no loss of accuracy was shown\.$/,
  )
})

test('says why what is faster was not taken, and what is more accurate', () => {
  const reasons = recommended().reasons.join('\n')
  expect(reasons).toMatch(/whisper-tiny\.en-q4_0 is faster, but it lies .* points of word error above/)
  expect(reasons).toMatch(/Where accuracy matters more: whisper-base-f16 .* it takes 2\.\d\d× the time/)
})

test('goes across models: another family may be as fast and more accurate', () => {
  const first = plan.speech.filter(({ name }) => name === `${tiny}-f16`)
  const other = plan.speech.filter(({ family }) => family === base)
  const { speech, reasons } = recommended({ plan: { speech: [...first, ...other] } })
  expect(speech).toBe(`${base}-q4_0`)
  expect(reasons.join(' ')).toContain(`points of word error below ${tiny}-f16`)
})

test('a flip of a tag that is all but the same is chance', () => {
  const checked = plan.questions.filter(({ check }) => check !== null).slice(0, 18)
  const observations = labRun({ rounds: 1, plan: { questions: checked } }).map(one =>
    one.kind === 'llm-answer' && one.arm === `${smol}-q8_0` && one.question === checked[0]?.id
      ? { ...one, text: 'I do not know.' }
      : one,
  )
  const result = judgeRun(readRun(asLines(observations)))
  // 5.6 points of 18 answers
  expect(result.llm[1]?.flips).toMatchObject({ gained: 0, lost: 1 })
  expect(result.recommendation.llm).toBe(`${smol}-q8_0`)
})

describe('limits', () => {
  test('a rise in word errors that is allowed lets faster levels in', () => {
    expect(within({ wordErrorRateIncrease: 30 }).speech).toBe(`${tiny}-q4_0`)
  })

  test('memory is that of both models together', () => {
    // 115 + 185 MB
    expect(within({ memoryBytes: 310e6 })).toMatchObject({ speech: `${tiny}-q8_0`, llm: `${smol}-q8_0` })
    const { speech, llm, sentence } = within({ memoryBytes: 200e6 })
    expect([speech, llm]).toEqual([null, null])
    expect(sentence).toMatch(
      /^Nothing that was compared keeps the limit on memory \(200 MB\); without it, use /,
    )
  })

  test('the first token is that of the measured pair', () => {
    expect(within({ firstTokenMs: 460 })).toMatchObject({ speech: `${tiny}-q8_0`, llm: `${smol}-q8_0` })
    expect(within({ firstTokenMs: 100 }).sentence).toContain('time to first token (100 ms)')
  })
})

describe('with too little evidence for a verdict on accuracy', () => {
  const first = (count: number) =>
    labRun({ rounds: 1 }).filter(
      one => one.kind !== 'speech-decode' || plan.clips.findIndex(({ id }) => id === one.clip) < count,
    )
  const recommendedAfter = (observations: Observation[]) =>
    judgeRun(readRun(asLines(observations))).recommendation

  test('the reference stays, however fast and promising another level is', () => {
    const { speech, llm, reasons, sentence } = recommendedAfter(first(5))
    expect([speech, llm]).toEqual([`${tiny}-f16`, `${smol}-q8_0`])
    expect(reasons.join(' ')).toMatch(/q8_0 makes as many word errors .* over 5 clips, too few to tell/)
    expect(sentence).toMatch(
      /; whisper-tiny\.en-q8_0 looked promising, at 0\.7\d× the time of whisper-tiny\.en-f16: /,
    )
  })

  test('one that errs more on the few clips is not called promising', () => {
    const levels = plan.speech.filter(({ name }) => name === `${tiny}-f16` || name === `${tiny}-q4_0`)
    const observations = first(5).filter(
      one => one.kind !== 'speech-decode' || levels.some(({ name }) => name === one.arm),
    )
    const { speech, reasons, sentence } = recommendedAfter(
      observations.map(one => (one.kind === 'plan' ? { ...one, speech: levels } : one)),
    )
    expect(speech).toBe(`${tiny}-f16`)
    expect(reasons.join(' ')).toMatch(/q4_0 is faster, but it lies .* points of word error above/)
    expect(sentence).toContain('; too little was measured of whisper-tiny.en-q4_0: ')
    expect(sentence).not.toContain('promising')
  })

  test('it says how long to run, by the rate of this run', () => {
    const clips = [0, 1, 2, 3, 4].flatMap(copy =>
      plan.clips.map(clip => ({ ...clip, id: `${copy} ${clip.id}` })),
    )
    const { sentence } = recommendedAfter(
      first(5).map(one => (one.kind === 'plan' ? { ...one, clips: [...plan.clips, ...clips] } : one)),
    )
    // 8 minutes heard 5 clips.
    const [, minutes = '', budget = ''] =
      /a run of about (\d+) minutes would tell what it loses \(--budget (\d+)m\)/.exec(sentence) ?? []
    expect(minutes).toBe(budget)
    expect(Number(minutes)).toBeGreaterThan(8)
  })

  test('where all clips are too few it says so, and that no time helps', () => {
    const { sentence } = recommended({ plan: { clips: plan.clips.slice(0, 4) } })
    expect(sentence).toMatch(
      /it takes about \d+ clips to tell what it loses, and there are 4 \(--audio takes more\)/,
    )
  })

  test('a few next tokens recommend no tag, and weak questions none of another family', () => {
    const questions = plan.questions.slice(0, 2)
    const few = recommended({ plan: { questions } })
    expect(few.llm).toBe(`${smol}-fp16`)
    expect(few.sentence).toMatch(
      /q8_0 looked promising.* next tokens to tell what it loses, and there are 10/,
    )
    const llm = plan.llm.map(arm =>
      arm.name.endsWith('q8_0') ? { ...arm, family: 'other', reference: null } : arm,
    )
    const weak = recommended({ plan: { llm }, referenceRight: 0.1 })
    expect(weak.llm).not.toBe(`${smol}-q8_0`)
    expect(weak.sentence).toContain('these questions are too hard or too easy to tell what it loses')
  })

  test('a limit that only something untold keeps is said to be kept by nothing that is known', () => {
    const { request } = plan
    const limited = first(5).map(one =>
      one.kind === 'plan' ? { ...one, request: { ...request, limits: { memoryBytes: 310e6 } } } : one,
    )
    const { speech, sentence } = recommendedAfter(limited)
    expect(speech).toBeNull()
    expect(sentence).toMatch(
      /^Nothing of which enough was measured keeps the limit on memory .*q8_0 looked promising/,
    )
  })
})

test('of nothing measured it recommends nothing', () => {
  expect(recommended({ without: ['speech-decode', 'llm-answer'] })).toEqual({
    speech: null,
    llm: null,
    voice: null,
    reasons: [],
    sentence: 'Nothing can be recommended: no level, no tag and no voice was measured to the end.',
  })
})

test('the reference alone is recommended as what there is', () => {
  const { speech, sentence } = recommended({
    plan: { speech: plan.speech.slice(0, 1), llm: [], reference: { speech: `${tiny}-f16`, llm: null } },
  })
  expect(speech).toBe(`${tiny}-f16`)
  expect(sentence).toContain('nothing that was compared is faster or smaller without a loss of accuracy')
})
