import { Check } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { Speculation, type StoredTurn } from '../../../server/protocol/record.ts'
import { recordFields } from '../../../server/record/fields.ts'
import { createTimeline } from '../../../server/record/marks.ts'
import type { AttemptDraft, SpeculationDraft } from '../../../server/record/speculation.ts'
import { createDraft, finishRecord } from '../../../server/record/turnRecord.ts'
import { makeTurn } from '../../support/record/records.ts'

const draft: AttemptDraft = {
  startedAtMs: 1300,
  firstTokenAtMs: 1390,
  endedAtMs: 1700,
  outcome: 'used',
  promptTokens: 30,
  outputTokens: 20,
}

const known = {
  ...{ pauses: 2, revisions: 1, reopened: 0, decidedBy: 'sure', textState: 'closed' },
  ...{ endsHere: 0.4, endChecks: 2, endCheckMs: 61 },
  detector: [{ silenceMs: 64, probability: 0.98, inferenceMs: 41 }],
} as const satisfies Partial<SpeculationDraft>

/** Speech ended at 1000, the first token was given out at `releasedAtMs`. */
function recorded(speculation: SpeculationDraft | null, releasedAtMs: number | null) {
  const timeline = createTimeline()
  timeline.mark('speechEnd', 1000)
  if (releasedAtMs !== null) timeline.mark('firstToken', releasedAtMs)
  const { record } = makeTurn(1)
  return finishRecord(record, { ...createDraft(), speculation }, timeline, record)
}

const speculationOf = (attempts: AttemptDraft[], takenAtMs: number | null, releasedAtMs: number | null) =>
  recorded({ ...known, detector: [...known.detector], attempts, takenAtMs }, releasedAtMs).speculation

describe('what the record says of questions asked at a pause', () => {
  test('a token that was held back for the end of the turn saved all of its own wait', () => {
    expect(speculationOf([draft], 1500, 1500)).toEqual({
      ...{ ...known, wastedOutputTokens: 0, wastedEngineMs: 0 },
      ...{ tokenReadyMs: 390, tokenReleasedMs: 500, gateHeldMs: 110, savedMs: 90 },
      attempts: [
        {
          ...{ startedMs: 300, outcome: 'used', promptTokens: 30, outputTokens: 20 },
          ...{ firstTokenMs: 90, engineMs: 400 },
        },
      ],
    })
  })

  test('one that came after it saved what it was asked for earlier', () => {
    expect(speculationOf([draft], 1340, 1390)).toMatchObject({ gateHeldMs: 0, savedMs: 40 })
  })

  test('what was asked for nothing is counted, and where speech went on it was before the end', () => {
    const resumed = { ...draft, startedAtMs: 400, firstTokenAtMs: null, endedAtMs: 520.0004, outputTokens: 3 }
    const attempts = [{ ...resumed, outcome: 'resumed' as const }, { ...resumed, outcome: null }, draft]
    const told = speculationOf(attempts, 1500, 1500)
    expect(told).toMatchObject({ wastedOutputTokens: 6, wastedEngineMs: 240.001 })
    expect(told?.attempts[0]).toMatchObject({ startedMs: -600, firstTokenMs: null, engineMs: 120 })
    expect(told?.attempts[1]?.outcome).toBe('dropped')
  })

  test('what is not known is null: no token, no turn that asked, no question that was spoken', () => {
    const nothing = { tokenReadyMs: null, tokenReleasedMs: null, gateHeldMs: null, savedMs: null }
    expect(speculationOf([{ ...draft, firstTokenAtMs: null }], 1500, null)).toMatchObject(nothing)
    expect(speculationOf([{ ...draft, outcome: 'dropped' }], null, 1500)).toMatchObject(nothing)
    expect(recorded(null, 1500).speculation).toBeNull()
  })

  test('of older turns has nothing of how they ended', () => {
    const {
      endsHere,
      endChecks,
      endCheckMs,
      detector: _,
      textState: __,
      decidedBy: ___,
      ...old
    } = speculationOf([draft], 1500, 1500) ?? {}
    expect(Check(Speculation, old)).toBe(true)
    const turn = { ...makeTurn(1).record, speculation: old, transcript: null, reply: null, heardText: null }
    const fields = recordFields.filter(({ path }) => /\.(detector|textState|decidedBy)$/.test(path))
    expect(fields.map(({ read }) => read(turn as StoredTurn))).toEqual([null, null, null])
  })

  test('is a field each, and what was asked one, as JSON', () => {
    const speculation = speculationOf([draft], 1500, 1500)
    const turn = { ...makeTurn(1).record, speculation, transcript: null, reply: null, heardText: null }
    const read = (path: string) => recordFields.find(field => field.path === path)?.read(turn)
    expect(read('speculation.savedMs')).toBe(90)
    expect(JSON.parse(String(read('speculation.attempts')))).toMatchObject([{ outcome: 'used' }])
    expect(JSON.parse(String(read('speculation.detector')))).toEqual(known.detector)
    expect([read('speculation.textState'), read('speculation.decidedBy')]).toEqual(['closed', 'sure'])
    const old = { ...turn, speculation: null }
    expect(recordFields.find(({ path }) => path === 'speculation.savedMs')?.read(old)).toBeNull()
  })
})
