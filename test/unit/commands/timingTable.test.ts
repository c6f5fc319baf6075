import { expect, test } from 'vitest'
import { timingTable } from '../../../scripts/commands/timingTable.ts'
import { createDraft } from '../../../server/record/turnRecord.ts'
import { makeTurn } from '../../support/record/records.ts'

const { record } = makeTurn(40)

test('numbers are aligned at the decimal point, with units behind', () => {
  const lines = timingTable(record)
    .split('\n')
    .filter(line => line.startsWith('  '))
  const points = new Set(
    lines.filter(line => / \d[\d,]*\.\d/.test(line)).map(line => line.search(/(?<=\d)\.\d/)),
  )
  expect(points.size).toBe(1)
  const [point = 0] = points
  for (const line of lines.filter(line => !line.includes('.'))) expect(line[point - 1]).toMatch(/[\d–]/)
  expect(timingTable(record)).toMatch(/^ {2}speech resident +115\.0 +MB$/m)
})

test('each stage is headed by what did the work', () => {
  const table = timingTable(record)
  expect(table).toMatch(/^speech: whisper-tiny\.en-f16, f16, cold: loaded for this turn, whisper\.cpp/m)
  expect(table).toMatch(/^language model: smollm2:135m-instruct-q8_0, Q8_0, 134\.52M, cold/m)
  expect(table).toMatch(/^voice: flite:slt$/m)
})

test('what is unknown is left out, and the moments that a turn did not reach are a dash, never 0', () => {
  const unknown = timingTable({
    ...record,
    ...createDraft(),
    speculation: null,
    fromSpeechEnd: { ...makeTurn(49).record.fromSpeechEnd, transcriptMs: 312.44 },
  })
  expect(unknown.split('\n')).toEqual([
    'from speech end',
    '  transcript   312.4 ms',
    '  first token    –',
    '  first audio    –',
    '  reply done     –',
  ])
})
