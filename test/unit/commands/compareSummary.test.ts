import { expect, test } from 'vitest'
import { comparisonSummary } from '../../../scripts/commands/compare/compareSummary.ts'
import { makeComparisonResult } from '../../support/lab/comparisonResult.ts'

const result = makeComparisonResult('a')

test('a comparison ends with a table of all that was compared, and the sentence', () => {
  const { speech, llm, voices } = result
  const few = { ...result, speech: speech.slice(0, 3), llm: llm.slice(0, 3), voices: voices.slice(0, 3) }
  const lines = comparisonSummary(few).split('\n')
  expect(lines.at(-1)).toBe(result.recommendation.sentence)
  for (const { name } of [...few.speech, ...few.llm, ...few.voices])
    expect(lines.some(line => line.includes(name))).toBe(true)
  expect(lines[0]).toMatch(/^ +time +memory +accuracy$/)
  expect(lines).toMatchInlineSnapshot(`
    [
      "                                         time  memory  accuracy",
      "hears    whisper-tiny.en-f16           459 ms  148 MB  6.8 % words wrong",
      "hears    whisper-tiny.en-q8_0          350 ms  114 MB  6.4 % words wrong",
      "hears    whisper-tiny.en-q5_1          400 ms  102 MB  6.5 % words wrong",
      "answers  smollm2:135m-instruct-fp16     87 ms  401 MB  44.0 % right",
      "answers  smollm2:135m-instruct-q8_0     75 ms  275 MB  44.0 % right",
      "answers  smollm2:135m-instruct-q4_K_M   71 ms  235 MB  41.0 % right",
      "speaks   hibari:heart                   26 ms  134 MB  3.1 % words misheard",
      "speaks   flite:slt                      60 ms  142 MB  10.5 % words misheard",
      "",
      "On this machine use whisper-tiny.en-q8_0 for speech and smollm2:135m-instruct-q8_0 for answers: as accurate as f16, first token 31 % sooner, 160 MB less memory.",
    ]
  `)
})

test('of many it shows nine, those that are recommended and compared with among them, and says how many more there are', () => {
  const [level] = result.speech
  if (level === undefined) throw new Error('the fixture has a level')
  const others = Array.from({ length: 12 }, (_, index) => ({ ...level, name: `other-${index}` }))
  const text = comparisonSummary({ ...result, speech: [...others, ...result.speech] })
  const [table = '', more] = text.split('\n\n')
  expect(table.split('\n')).toHaveLength(10)
  expect(table).toContain(result.recommendation.speech)
  expect(more).toBe(
    `${12 + result.speech.length + result.llm.length + result.voices.length - 9} more in the report.`,
  )
})
