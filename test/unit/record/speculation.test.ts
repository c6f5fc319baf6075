import { describe, expect, test } from 'vitest'
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

/** Speech ended at 1000, the first token was given out at `releasedAtMs`. */
function recorded(speculation: SpeculationDraft | null, releasedAtMs: number | null) {
  const timeline = createTimeline()
  timeline.mark('speechEnd', 1000)
  if (releasedAtMs !== null) timeline.mark('firstToken', releasedAtMs)
  const { record } = makeTurn(1)
  return finishRecord(record, { ...createDraft(), speculation }, timeline, record)
}

const speculationOf = (attempts: AttemptDraft[], takenAtMs: number | null, releasedAtMs: number | null) =>
  recorded({ pauses: 2, revisions: 1, reopened: 0, attempts, takenAtMs }, releasedAtMs).speculation

describe('what the record says of questions asked at a pause', () => {
  test('a token that was held back for the end of the turn saved all of its own wait', () => {
    expect(speculationOf([draft], 1500, 1500)).toEqual({
      ...{ pauses: 2, revisions: 1, reopened: 0, wastedOutputTokens: 0, wastedEngineMs: 0 },
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

  test('is a field each, and what was asked one, as JSON', () => {
    const record = recorded(
      { pauses: 1, revisions: 0, reopened: 0, attempts: [draft], takenAtMs: 1500 },
      1500,
    )
    const turn = { ...record, transcript: null, reply: null, heardText: null }
    const read = (path: string) => recordFields.find(field => field.path === path)?.read(turn)
    expect(read('speculation.savedMs')).toBe(90)
    expect(JSON.parse(String(read('speculation.attempts')))).toMatchObject([{ outcome: 'used' }])
    const old = { ...turn, speculation: null }
    expect(recordFields.find(({ path }) => path === 'speculation.savedMs')?.read(old)).toBeNull()
  })
})
