import { Check } from 'typebox/value'
import { beforeAll, describe, expect, test } from 'vitest'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import { renderReport } from '../../../server/lab/report/render.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { asLines, type Change, labRun, smol, tiny } from '../../support/lab/labRun.ts'
import { heart, rms, slt, voicePlan } from '../../support/lab/voiceObservations.ts'

const judged = (change: Change = {}) =>
  judgeRun(readRun(asLines(labRun({ ...change, plan: { voices: voicePlan, ...change.plan } }))))

let result: ComparisonResult
beforeAll(() => {
  result = judged()
})
const voice = (name: string, of = result) => {
  const found = of.voices.find(one => one.name === name)
  if (found === undefined) throw new Error(`no voice ${name}`)
  return found
}

describe('voices as the third side of a run', () => {
  test('are judged to a result of the schema', () => {
    expect(Check(ComparisonResult, result)).toBe(true)
    expect(result.reference.voice).toBe(heart)
    expect(result.input).toMatchObject({ texts: 32, ear: 'moonshine-base.en-int8', rounds: { voices: 3 } })
  })

  test('get the verdicts of the effects that were put in, held against the first', () => {
    expect(voice(heart).reference).toBeNull()
    expect(voice(heart).figures.firstSoundMs.verdict).toBe('not-tested')
    const { firstAudioMs, firstSoundMs, realTimeFactor, residentBytes, fileBytes, wordErrorRate } =
      voice(slt).figures
    expect(firstAudioMs.ratioToReference).toBeCloseTo(1.5, 1)
    // 60 + 120 of 40 + 30 ms: silence at the beginning is waited for, too.
    expect(firstSoundMs.ratioToReference).toBeCloseTo(180 / 70, 1)
    expect([firstAudioMs, firstSoundMs, fileBytes, wordErrorRate].map(({ verdict }) => verdict)).toEqual(
      Array(4).fill('worse'),
    )
    expect([realTimeFactor, residentBytes].map(({ verdict }) => verdict)).toEqual(['better', 'better'])
    expect(wordErrorRate.interval).not.toBeNull()
    expect(voice(slt).worstTexts[0]?.wordErrors).toBeGreaterThan(1)
    expect(voice(rms).figures.wordErrorRate.verdict).toBe('no-difference-shown')
  })

  test('the first against itself shows no difference', () => {
    expect(result.noiseArm.voice?.name).toBe(heart)
    expect(result.noiseArm.falseVerdicts).toEqual([])
  })

  test('three blocks support no verdict on times', () => {
    const few = judgeRun(
      readRun(
        asLines(labRun({ plan: { voices: voicePlan }, rounds: 1 })).filter(line => {
          const one = JSON.parse(line)
          return (
            !(one.kind === 'voice-spoken' && one.block > 2) && !(one.kind === 'voice-load' && one.round > 2)
          )
        }),
      ),
    )
    expect(voice(slt, few).figures.firstSoundMs).toMatchObject({ ratioInterval: null, verdict: 'not-tested' })
    expect(voice(slt, few).figures.wordErrorRate.verdict).toBe('worse')
  })

  test('the recommended one is heard soonest of those that are understood as well', () => {
    expect(result.recommendation.voice).toBe(rms)
    expect(result.recommendation.sentence).toMatch(
      /^On this machine use .* for speech, .* for answers and flite:rms for the voice: /,
    )
    expect(result.recommendation.sentence).toMatch(/speaking takes 0\.7\d× the time/)
    const withoutIt = judged({
      plan: { voices: { ...voicePlan, arms: voicePlan.arms.filter(({ name }) => name !== rms) } },
    })
    expect(withoutIt.recommendation.voice).toBe(heart)
  })

  test('of few texts the reference stays, and what it takes to tell is said', () => {
    const texts = voicePlan.texts.slice(0, 5)
    const few = judged({ plan: { voices: { ...voicePlan, texts } } })
    expect(few.recommendation.voice).toBe(heart)
    expect(few.recommendation.sentence).toMatch(/flite:rms looked promising.*texts to tell what it loses/)
  })

  test('a limit on memory counts the voice', () => {
    const bytes = (limit: number) =>
      judged({ plan: { request: { limits: { memoryBytes: limit * 1e6 } } } }).recommendation
    // 98 of q4_0 at least, 185 of q8_0, 140 of rms: with less than their sum nothing keeps it.
    expect(bytes(300).voice).toBeNull()
    expect(bytes(300).sentence).toContain('keeps the limit on memory')
    expect(bytes(900).voice).toBe(rms)
  })
})

describe('triples', () => {
  const name = `${tiny}-q8_0 + ${smol}-fp16 + ${slt}`

  test('are what was spoken together, on a front of all errors, the time to the first audio and memory', () => {
    const triple = result.pairs.find(one => one.name === name)
    expect(triple).toMatchObject({ voice: slt, reference: `${tiny}-f16 + ${smol}-fp16 + ${heart}` })
    // Both models of a turn, and what the voice has in a process of its own.
    expect(triple?.figures.residentBytes.value).toBeCloseTo(115e6 + 311e6 + 140e6, -6)
    expect(triple?.figures.changedTranscriptShare).toMatchObject({ value: 12.5, n: 24 })
    const { axes, points } = result.pareto.pairs
    expect(axes.map(({ figure }) => figure)).toEqual([
      ...['wordErrorRate', 'klTop20', 'wordErrorRate', 'firstAudioMs', 'residentBytes'],
    ])
    expect(points.find(one => one.name === name)?.dominated).toBe(true)
    expect(
      result.pareto.voices.points.filter(({ dominated }) => !dominated).map(point => point.name),
    ).toContain(rms)
  })

  test('the report has three tables and says what the triples are of', () => {
    const markdown = renderReport(result, 'md')
    for (const heading of ['## Speech', '## Answers', '## Voices', '## All three together'])
      expect(markdown).toContain(`\n${heading}\n`)
    expect(markdown).toContain('q8_0 + fp16 + flite:slt')
    const rows = renderReport(result, 'csv').split('\n')
    expect(rows.some(row => row.startsWith(`voice,${slt},${heart},false,wordErrorRate,`))).toBe(true)
    expect(rows.some(row => row.startsWith(`voice,${heart},${heart},true,`))).toBe(true)
  })
})
