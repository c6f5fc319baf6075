import { describe, expect, test } from 'vitest'
import { calibrated, turnsOf } from '../../../../scripts/bench/sizing/calibrate.ts'
import { cellFor, sized, speakersOfCell } from '../../../../scripts/bench/sizing/plan.ts'
import { assumed, fixed } from '../../../../scripts/bench/sizing/profile.ts'
import { type Plan, simulate } from '../../../../scripts/bench/sizing/simulate.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'
import { makeTurns } from '../../../support/record/records.ts'

const plan: Plan = {
  ...{ speakers: 100, replicas: 4, languageHosts: 2, speechHosts: 2 },
  ...{ policy: 'bounded', partials: 'shed', cachedConversations: Number.POSITIVE_INFINITY },
}

describe('a simulation', () => {
  test('is decided by its seed', () => {
    expect(simulate(assumed, plan, 7)).toEqual(simulate(assumed, plan, 7))
    expect(simulate(assumed, plan, 8)).not.toEqual(simulate(assumed, plan, 7))
  })

  test('has the cycle that is assumed, 2.9 turns of a speaker in a minute, where nobody waits', () => {
    const { turnsPerSecond } = simulate(assumed, { ...plan, languageHosts: 50, speechHosts: 50 }, 1)
    expect((60 * turnsPerSecond) / plan.speakers).toBeGreaterThan(2.8)
    expect((60 * turnsPerSecond) / plan.speakers).toBeLessThan(3.2)
  })

  test('of one speaker whose turns are all alike has the first audio when its parts add up to it', () => {
    const alike = { ...assumed, speechMs: fixed(3000), replyTokens: fixed(50), interruptedShare: 0, turns: 1 }
    const alone = {
      ...plan,
      speakers: 1,
      replicas: 1,
      languageHosts: 1,
      speechHosts: 1,
      cachedConversations: 0,
    }
    const { firstAudio, cachedShare } = simulate(alike, alone, 1)
    // Decoding begins 100 ms after speech end and takes 121; the question 25 / 4 ms; the clause 100; then it is held until 300.
    const clauseMs = 100 + 40 + 81 + 6.25 + 100
    expect(firstAudio.p50).toBeCloseTo(Math.max(300, clauseMs) + 40 / (1 - 0.025), 3)
    expect(firstAudio.p95).toBeCloseTo(firstAudio.p50, 3)
    expect(cachedShare).toBe(0)
  })

  test('finds conversations in caches where they come back to their host and it keeps them, and nowhere else', () => {
    const shares = (['random', 'sticky', 'bounded'] as const).map(
      policy => simulate(assumed, { ...plan, languageHosts: 4, policy }, 1).cachedShare,
    )
    const [random = 0, sticky = 0, bounded = 0] = shares
    // All but the first of twelve turns.
    expect(sticky).toBeGreaterThan(0.88)
    expect(bounded).toBeGreaterThan(0.8)
    expect(random).toBeLessThan(0.75)
    expect(
      simulate(assumed, { ...plan, policy: 'sticky', cachedConversations: 1 }, 1).cachedShare,
    ).toBeLessThan(0.1)
  })

  test('keeps final decodings waiting where partial ones queue, and refuses those where they do not', () => {
    const few = { ...plan, speechHosts: 1 }
    const [shed, queued] = [simulate(assumed, few, 1), simulate(assumed, { ...few, partials: 'queued' }, 1)]
    expect(queued.partialsShedShare).toBe(0)
    expect(shed.partialsShedShare).toBeGreaterThan(0.5)
    expect(queued.speechWaitP95).toBeGreaterThan(3 * shed.speechWaitP95)
  })
})

describe('a sizing', () => {
  const goal = { goalMs: 1500, cachedConversations: 8, seed: 1 }

  test('has two replicas of the smallest, and no fewer hosts than the goal takes', () => {
    const cell = cellFor(assumed, 60, goal)
    expect(cell?.plan).toMatchObject({ speakers: 60, replicas: 3 })
    expect(cell?.outcome.firstAudio.p95).toBeLessThanOrEqual(goal.goalMs)
    const languageHosts = (cell?.plan.languageHosts ?? 0) - 1
    expect(languageHosts).toBeGreaterThan(0)
    const fewer = simulate(assumed, { ...plan, ...cell?.plan, languageHosts }, 1)
    expect(fewer.firstAudio.p95).toBeGreaterThan(goal.goalMs)
    expect(cellFor(assumed, 2, goal)?.plan).toMatchObject({ replicas: 2, languageHosts: 1, speechHosts: 1 })
  })

  test('of many speakers is that of their cells', () => {
    expect([10, 1000, 1001, 100_000].map(speakersOfCell)).toEqual([10, 1000, 501, 1000])
    const cell = { plan, outcome: simulate(assumed, plan, 1) }
    const [one, all] = [sized(assumed, 1000, cell), sized(assumed, 100_000, cell)]
    expect([one.cells, all.cells]).toEqual([1, 100])
    expect(all.recordBytesPerSecond / one.recordBytesPerSecond).toBeCloseTo(100)
    expect(one.recordBytesPerSecond).toBeCloseTo(cell.outcome.turnsPerSecond * 2200)
    expect(all.upBitsPerSecond).toBe(25.6e9)
  })

  test('says so where no number of hosts is enough', () => {
    expect(cellFor(assumed, 20, { ...goal, goalMs: 200 })).toBeNull()
  })
})

describe('the record', () => {
  const lines = (
    count: number,
    change: (turn: Record<string, unknown>) => Record<string, unknown> = turn => turn,
  ) =>
    makeTurns(count)
      .map(({ record, text }) => JSON.stringify(change({ ...record, ...text })))
      .join('\n')

  /** Warm turns of 2 s of speech, all alike. */
  const alike = (turn: Record<string, unknown>) => ({
    ...turn,
    outcome: 'completed',
    speech: { ...Object(turn.speech), speechMs: 2000, realTimeFactor: 0.5, cold: false },
    llm: {
      ...{ ...Object(turn.llm), outputTokens: 20, tokensPerSecond: 30, cold: false },
      ...{ promptTokens: 120, cachedPromptTokens: 20, promptEvalMs: 500 },
    },
    fromSpeechEnd: { ...Object(turn.fromSpeechEnd), turnDecidedMs: 160 },
  })

  test('takes the place of what is assumed', () => {
    const { profile, told } = calibrated(turnsOf(lines(30, alike)))
    const random = randomFrom(1)
    expect(profile.speechMs(random)).toBe(2000)
    expect(profile.replyTokens(random)).toBe(20)
    expect(profile).toMatchObject({
      ...{ interruptedShare: 0, decidedMs: 160, decodeMs: { fixed: 0, perSpeech: 0.5 } },
      language: { promptTokensPerSecond: 200, tokensPerSecond: 30, batchGain: 0.7 },
    })
    expect(told).toContainEqual({ name: 'reply, alone', value: '30 tokens/s', from: '30 turns' })
    expect(told).toContainEqual({ name: 'pause after a reply', value: '3.0 s', from: 'assumed' })
  })

  test('of few turns changes nothing, and what is none of it is named by its line', () => {
    const { profile, told } = calibrated(turnsOf(lines(19, alike)))
    expect(profile).toEqual(assumed)
    expect(told.every(({ from }) => from === 'assumed')).toBe(true)
    expect(() => turnsOf(`${lines(2)}\n\n{"turnId":1}`)).toThrow('Line 4 is not a turn of the record.')
  })
})
