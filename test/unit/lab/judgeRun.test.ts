import { Check } from 'typebox/value'
import { beforeAll, describe, expect, test } from 'vitest'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import type { Observation } from '../../../server/lab/observations.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { asLines, base, type Change, labRun, plan, smol, tiny } from '../../support/lab/labRun.ts'

const judged = (change: Change = {}) => judgeRun(readRun(asLines(labRun(change))))
const speech = ({ speech: levels }: ComparisonResult, name: string) => {
  const level = levels.find(one => one.name === name)
  if (level === undefined) throw new Error(`no level ${name}`)
  return level
}
const llm = ({ llm: tags }: ComparisonResult, name: string) => {
  const tag = tags.find(one => one.name === name)
  if (tag === undefined) throw new Error(`no tag ${name}`)
  return tag
}

let result: ComparisonResult
beforeAll(() => {
  result = judged()
})

describe('a whole run', () => {
  test('is judged to a result of the schema, the same every time', () => {
    expect(Check(ComparisonResult, result)).toBe(true)
    expect(judged()).toEqual(result)
  })

  test('finds the effects that were put in', () => {
    const q8 = speech(result, `${tiny}-q8_0`).figures
    // 350 of 460 ms
    expect(q8.inferenceMs.ratioToReference).toBeCloseTo(0.761, 1)
    expect(q8.inferenceMs.verdict).toBe('better')
    expect(q8.residentBytes.verdict).toBe('better')
    expect(q8.wordErrorRate.verdict).toBe('no-difference-shown')
    const q4 = speech(result, `${tiny}-q4_0`).figures
    expect(q4.inferenceMs.verdict).toBe('better')
    expect(q4.wordErrorRate.verdict).toBe('worse')
    expect(q4.wordErrorRateToReference.verdict).toBe('worse')
    expect(q4.repeatedDecodingShare.value).toBeGreaterThan(0)
    // 124 of 80 tokens a second
    const tag = llm(result, `${smol}-q8_0`).figures
    expect(tag.tokensPerSecond.ratioToReference).toBeCloseTo(1.55, 1)
    expect(tag.tokensPerSecond.verdict).toBe('better')
    expect(tag.timePerOutputTokenMs.verdict).toBe('better')
    expect(tag.klTop20.verdict).toBe('no-difference-shown')
    const small = llm(result, `${smol}-q4_K_M`)
    expect(small.figures.klTop20.verdict).toBe('worse')
    expect(small.figures.promptTokensPerSecond.verdict).toBe('worse')
    expect(small.figures.checkedRight.verdict).toBe('worse')
    expect(small.flips?.lost).toBeGreaterThan(5)
    expect(small.flips?.gained).toBe(0)
    expect(small.tensorTypes).toHaveLength(3)
  })

  test('levels are held against the reference of their own family', () => {
    expect(speech(result, `${base}-q4_0`).reference).toBe(`${base}-f16`)
    expect(speech(result, `${base}-f16`).reference).toBeNull()
    expect(speech(result, `${base}-f16`).figures.inferenceMs.verdict).toBe('not-tested')
  })

  test('few repetitions support no percentile and no verdict', () => {
    const threeBlocks = labRun().filter(one => {
      if (one.kind === 'speech-load') return one.round < 3
      return one.kind === 'speech-decode' ? one.block < 3 : true
    })
    const few = speech(judgeRun(readRun(asLines(threeBlocks))), `${tiny}-q8_0`).figures
    expect(few.loadMs).toMatchObject({ n: 3, interval: null, p90: null, p95: null, verdict: 'not-tested' })
    // However many clips are heard in them, three processes do not tell how far a fourth would lie off.
    expect(few.inferenceMs).toMatchObject({ n: 9, ratioInterval: null, verdict: 'not-tested' })
    const { inferenceMs } = speech(result, `${tiny}-q8_0`).figures
    // Twelve clips support p90 and not p95.
    expect(inferenceMs.p90).not.toBeNull()
    expect(inferenceMs.p95).toBeNull()
  })

  test('the reference against itself shows no difference', () => {
    expect(result.noiseArm.tested).toBeGreaterThan(15)
    expect(result.noiseArm.falseVerdicts).toEqual([])
    expect(result.noiseArm.speech?.figures.inferenceMs.ratioToReference).toBeCloseTo(1, 1)
    expect(result.noiseArm.llm?.figures.klTop20.value).toBe(0)
    expect(result.noiseArm.llm?.figures.tokenAgreement.value).toBe(100)
    expect(result.noiseArm.llm?.figures.exactMatchShare.value).toBe(100)
    expect(result.noiseArm.llm?.flips).toMatchObject({ gained: 0, lost: 0, pValue: 1 })
  })

  test('a tag that the reference was made from gets no verdict on accuracy and no place', () => {
    const source = llm(result, `${smol}-q4_1`)
    expect(source.referenceSource).toBe(true)
    for (const name of ['exactMatchShare', 'tokenAgreement', 'klTop20', 'checkedRight'] as const) {
      expect(source.figures[name].verdict).toBe('not-tested')
    }
    // Its speed is judged like any other.
    expect(source.figures.tokensPerSecond.verdict).toBe('better')
    expect(result.pareto.llm.points.map(({ name }) => name)).not.toContain(source.name)
    expect(result.warnings.join(' ')).toContain(`made from those of ${smol}-q4_1`)
  })

  test('a level of unfolded weights is marked as only as good as those', () => {
    const [first, ...others] = plan.speech
    if (first === undefined) throw new Error('no level')
    const found = judged({ plan: { speech: [{ ...first, madeFrom: 'int8' }, ...others] } })
    expect(speech(found, first.name).madeFrom).toBe('int8')
    expect(speech(found, `${tiny}-q8_0`).madeFrom).toBeNull()
    expect(found.warnings.join(' ')).toContain(`weights of ${first.name} are published in int8`)
    expect(result.warnings.join(' ')).not.toContain('published in')
  })

  test('pairs count transcripts and answers that a level changed', () => {
    const pair = result.pairs.find(({ name }) => name === `${tiny}-q8_0 + ${smol}-fp16`)
    // One of eight clips, in each of three rounds.
    expect(pair?.figures.changedTranscriptShare).toMatchObject({ value: 12.5, n: 24 })
    expect(pair?.figures.changedAnswerShare).toMatchObject({ value: 12.5, n: 24 })
    expect(pair?.figures.firstTokenMs.verdict).toBe('better')
    expect(pair?.figures.commitMs.value).toBeNull()
  })

  test('worst clips come with what was heard instead', () => {
    const worst = speech(result, `${tiny}-q4_0`).worstClips
    expect(worst.length).toBeGreaterThan(2)
    expect(worst.map(({ wordErrors }) => wordErrors)).toEqual(
      worst.map(({ wordErrors }) => wordErrors).toSorted((a, b) => b - a),
    )
    expect(worst[0]?.diff.some(({ operation }) => operation === 'substitute')).toBe(true)
  })

  test('says what was cut and what could not be measured', () => {
    expect(result.cutByBudget).toEqual(['round 4 of the speech levels'])
    expect(result.notMeasured).toEqual([{ what: 'energy', why: 'not measurable here' }])
  })
})

describe('what a run may lack', () => {
  test('one without a language model has an empty side and a recommendation for the other', () => {
    const found = judged({ plan: { llm: [], reference: { speech: `${tiny}-f16`, llm: null } } })
    expect(found.llm).toEqual([])
    expect(found.pairs).toEqual([])
    expect(found.recommendation.llm).toBeNull()
    expect(found.recommendation.sentence).toMatch(/^On this machine use whisper-tiny\.en-q8_0 for speech: /)
  })

  test('questions that the reference always answers are too weak to tell', () => {
    const found = judged({ referenceRight: 1 })
    expect(found.warnings.join(' ')).toContain('too weak to tell')
    expect(llm(found, `${smol}-q4_K_M`).figures.checkedRight.verdict).toBe('not-tested')
  })

  test('clips of unknown text have no error rate, but a departure from the reference', () => {
    const clips = plan.clips.map(clip => ({ ...clip, text: null }))
    const observations = labRun().map(one => (one.kind === 'plan' ? { ...one, clips } : one))
    const found = judgeRun(readRun(asLines(observations)))
    expect(speech(found, `${tiny}-q4_0`).figures.wordErrorRate.value).toBeNull()
    expect(speech(found, `${tiny}-q4_0`).figures.wordErrorRateToReference.verdict).toBe('worse')
    expect(found.pareto.speech.axes[0]?.figure).toBe('wordErrorRateToReference')
    expect(found.notMeasured.map(({ what }) => what)).toContain('word and character error rate')
    expect(found.recommendation.speech).toBe(`${tiny}-q8_0`)
  })

  test('a run that broke off is judged by what it had', () => {
    const lines = asLines(labRun({ ended: false }))
    const found = judgeRun(readRun([...lines.slice(0, 300), lines[300]?.slice(0, 40) ?? '']))
    expect(found.state).toBe('running')
    expect(found.finishedAt).toBeNull()
    expect(speech(found, `${tiny}-f16`).figures.inferenceMs.n).toBe(12)
    expect(found.warnings.join(' ')).toContain('1 line of the record could not be read')
  })

  test('a tag that was deleted in the middle keeps what was measured, and the failure is told', () => {
    const gone = `${smol}-q4_K_M`
    const failure: Observation = {
      ...{ kind: 'failure', at: '', noise: false, disturbed: false, side: 'llm', arm: gone },
      ...{ what: 'round 2', why: 'the model is not installed any more', code: 'model_not_found' },
    }
    const kept = labRun({ further: [failure] }).filter(
      one => !(one.kind === 'llm-answer' && one.arm === gone && one.round > 0),
    )
    const found = judgeRun(readRun(asLines(kept)))
    expect(llm(found, gone).failures).toBe(1)
    expect(llm(found, gone).figures.tokensPerSecond.n).toBe(40)
    expect(found.failures).toEqual([{ what: `${gone}: round 2`, why: 'the model is not installed any more' }])
  })

  test('what a live session disturbed counts for accuracy and not for time', () => {
    const name = `${tiny}-q8_0`
    const disturbed = labRun().map(one =>
      one.kind === 'speech-decode' && one.arm === name && one.round === 0
        ? { ...one, disturbed: true, inferenceMs: 60_000 }
        : one,
    )
    const found = judgeRun(readRun(asLines(disturbed)))
    expect(speech(found, name).figures.wordErrorRate).toEqual(speech(result, name).figures.wordErrorRate)
    expect(speech(found, name).figures.inferenceMs.value).toBeLessThan(1000)
    expect(found.disturbed.observations).toBe(14)
    expect(found.warnings.join(' ')).toContain('left out of all times')
  })

  test('a step that a resumed run repeated counts once', () => {
    const observations = labRun()
    const again = observations.filter(one => one.kind === 'speech-decode').slice(0, 50)
    const end = observations.at(-1) as Observation
    const resumed: Observation = { kind: 'resumed', at: '2026-11-25T10:00:00.000Z' }
    const found = judgeRun(readRun(asLines([...observations.slice(0, -1), resumed, ...again, end])))
    expect(found.speech).toEqual(result.speech)
    expect(found.warnings.join(' ')).toContain('broken off and went on 1 time')
  })

  test('a file without a plan cannot be judged', () => {
    expect(() => readRun(['', '{"kind":"cut","what":"x"}'])).toThrow('holds no plan')
  })
})
