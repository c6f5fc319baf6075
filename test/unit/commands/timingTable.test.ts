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
  expect(table).toMatch(/^language model: smollm2:135m-instruct-q8_0, Q8_0, 134\.52M parameters, cold/m)
  expect(table).toMatch(/^voice: flite:slt$/m)
})

test('a spoken turn says how it ended, and what was asked for nothing', () => {
  const spent = { wastedOutputTokens: 14, wastedEngineMs: 412.4 }
  const released = { tokenReadyMs: null, tokenReleasedMs: null, gateHeldMs: null, savedMs: null }
  const ended = { detector: [], decidedBy: 'likely', textState: 'weak' } as const
  const speculation = {
    ...{ pauses: 2, revisions: 1, reopened: 0, attempts: [] },
    ...{ ...ended, detector: [], ...spent, ...released },
  }
  const table = timingTable({ ...record, speculation })
  expect(table).toMatch(/^end of turn: likely, words weak$/m)
  expect(table).toMatch(/^ {2}wasted output tokens +14$/m)
  expect(table).toMatch(/^ {2}wasted engine +412\.4 +ms$/m)
  expect(table).not.toContain('saved')
  expect(timingTable(record)).not.toContain('end of turn')
})

test('what is unknown is left out, and the moments that a turn did not reach are a dash, never 0', () => {
  const unknown = timingTable({
    ...record,
    ...createDraft(),
    ...{ speculation: null, tools: [], pair: { pairId: '', askedAs: 1 } },
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
