import { beforeAll, describe, expect, test } from 'vitest'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import { placeLabels } from '../../../server/lab/report/labelPlaces.ts'
import { figureLabels } from '../../../server/lab/report/labels.ts'
import { renderReport } from '../../../server/lab/report/render.ts'
import { writtenNumber } from '../../../server/lab/wording.ts'
import {
  ComparedVoice,
  type ComparisonResult,
  LlmTag,
  Pair,
  SpeechLevel,
} from '../../../server/protocol/comparisonResult.ts'
import { asLines, labRun, plan, smol, tiny } from '../../support/lab/labRun.ts'
import { voicePlan } from '../../support/lab/voiceObservations.ts'

let result: ComparisonResult
beforeAll(() => {
  const speech = plan.speech.filter(({ name }) => name.startsWith(tiny) && !name.endsWith('q5_1'))
  const run = labRun({
    rounds: 1,
    plan: { voices: voicePlan, speech, llm: plan.llm.filter(({ name }) => name !== `${smol}-q8_0`) },
  })
  result = judgeRun(readRun(asLines(run)))
})

// Update with `npm test -- test/unit/lab/report.test.ts -u`, and read the difference.
describe('golden reports of a made run', () => {
  const formats = ['md', 'csv', 'html'] as const
  test.each(formats)('%s', async format => {
    await expect(renderReport(result, format)).toMatchFileSnapshot(`../../fixtures/lab/report.${format}`)
  })
})

test('the page asks for nothing and runs nothing', () => {
  const html = renderReport(result, 'html')
  expect(html).not.toMatch(/<script|<link|<img|@import|url\(|https?:\/\//)
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  const targets = [...html.matchAll(/href="([^"]*)"/g)].map(([, target]) => target)
  expect(targets.length).toBeGreaterThan(3)
  for (const target of targets) {
    expect(target).toMatch(/^#/)
    expect(html).toContain(`id="${target?.slice(1)}"`)
  }
})

test('what models and people said stays text', () => {
  const hostile = '<script>alert(1)</script> **bold** | [link](http://x) =1+1'
  const changed = structuredClone(result)
  for (const level of changed.speech) {
    for (const worst of level.worstClips)
      worst.diff = [{ operation: 'insert', reference: '', transcript: hostile }]
  }
  for (const tag of changed.llm) {
    for (const divergence of tag.divergences) divergence.answer = hostile
    tag.name = `=${hostile}`
  }
  const html = renderReport(changed, 'html')
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).not.toContain('<script>')
  const markdown = renderReport(changed, 'md')
  expect(markdown).toContain('\\<script\\>alert(1)\\</script\\> \\*\\*bold\\*\\* \\| \\[link\\](http://x)')
  expect(markdown).not.toContain('| [link]')
  expect(renderReport(changed, 'csv')).toContain("'=<script>")
})

test('the csv has a row for each arm and figure, the noise arm among them', () => {
  const [head, ...rows] = renderReport(result, 'csv').trimEnd().split('\r\n')
  expect(head?.split(',').slice(0, 6)).toEqual(['side', 'arm', 'reference', 'noise', 'figure', 'value'])
  const arms = [...result.speech, ...result.llm, ...result.voices, ...result.pairs]
  const noise = [
    result.noiseArm.speech,
    result.noiseArm.llm,
    result.noiseArm.voice,
    result.noiseArm.pair,
  ].filter(arm => arm !== null)
  const figures = [...arms, ...noise].reduce((sum, arm) => sum + Object.keys(arm.figures).length, 0)
  expect(noise).toHaveLength(4)
  expect(rows).toHaveLength(figures)
})

test('every figure has a name', () => {
  for (const { properties } of [SpeechLevel, LlmTag, ComparedVoice, Pair]) {
    for (const figure of Object.keys(properties.figures.properties))
      expect(figureLabels).toHaveProperty(figure)
  }
})

test('numbers have three digits that count', () => {
  const written = [0, 5, 12.3456, 1234.5, 1_234_567, 0.012345, -0.5, 99.95, 1e-9, 100].map(writtenNumber)
  expect(written).toEqual(['0', '5', '12.3', '1,235', '1,234,567', '0.0123', '−0.5', '100', '0', '100'])
})

test('labels beside points touch neither one another nor a point while there is room', () => {
  const points = [0, 1, 2, 3].map(i => ({ text: `level-${i}`, x: 200 + i * 30, y: 200, radius: 12 }))
  const places = placeLabels(points, { left: 0, right: 720, top: 0, bottom: 400 })
  const boxes = places.map(({ text, x, y, anchor }) => {
    const wide = text.length * 7
    const left = anchor === 'start' ? x : anchor === 'end' ? x - wide : x - wide / 2
    return { left, right: left + wide, top: y - 12, bottom: y + 3 }
  })
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      expect(a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom).toBe(true)
    }
  }
})

test('a run without pairs, noise and tags still has a report', () => {
  const bare = judgeRun(
    readRun(
      asLines(
        labRun({
          rounds: 1,
          plan: { llm: [], reference: { speech: null, llm: null }, speech: plan.speech.slice(0, 1) },
        }),
      ),
    ),
  )
  const markdown = renderReport(bare, 'md')
  expect(markdown).not.toContain('## Answers')
  expect(markdown).not.toContain('## Both together')
  expect(markdown).toContain('nothing says how large chance is here')
  expect(renderReport(bare, 'html')).toContain('<h2>Speech</h2>')
})
