import { describe, expect, test } from 'vitest'
import { eotBest, eotFigures } from '../../../scripts/bench/turntaking/eot.ts'
import {
  type SoundOutcome,
  soundFigures,
  type TurnOutcome,
  turnFigures,
} from '../../../scripts/bench/turntaking/figures.ts'
import { printSounds, printTurns } from '../../../scripts/bench/turntaking/print.ts'
import { noSpeculation, readSpeculation, sumOf } from '../../../scripts/bench/turntaking/speculation.ts'

describe('the formula of eot-bench', () => {
  const holds = [
    { durationMs: 300, fireMs: 200 },
    { durationMs: 500, fireMs: 700 },
    { durationMs: 900, fireMs: 700 },
    { durationMs: 2000, fireMs: Number.POSITIVE_INFINITY },
  ]
  const ends = [100, 400, Number.POSITIVE_INFINITY]

  test('cuts a hold off that is longer than min(timeout, max(action delay, fire))', () => {
    const at = (actionDelayMs: number, timeoutMs: number) =>
      eotFigures(holds, ends, { actionDelayMs, timeoutMs })
    expect(at(0, 5000)).toEqual({ cutPercent: 50, delayMs: (100 + 400 + 5000) / 3 })
    expect(at(300, 5000)).toEqual({ cutPercent: 25, delayMs: (300 + 400 + 5000) / 3 })
    expect(at(0, 400)).toEqual({ cutPercent: 100, delayMs: 300 })
    expect(at(2500, 2500).cutPercent).toBe(0)
  })

  test('finds the best policy on top of a detector, and none where there is none', () => {
    const { cutPercentAt, delayMsAt } = eotBest(holds, [600, 600])
    // The one that the detector never ends is left to a time-out that no end here comes to.
    expect(delayMsAt(0)).toBe(900)
    expect(cutPercentAt(2000)).toBe(0)
    expect(delayMsAt(25)).toBe(600)
    // Sooner than the detector only by a time-out.
    expect(cutPercentAt(300)).toBe(75)
    expect(eotBest([], []).cutPercentAt(300)).toBeNull()
  })
})

const turn = (
  arm: string,
  clip: string,
  endedAfterMs: number | null,
  decidedMs: number | null,
): TurnOutcome => ({
  arm,
  item: { set: 'room-tone', clip, speaker: clip, hold: { startMs: 1000, endMs: 1800 } },
  played: {
    hold: { endedAfterMs, isHeard: endedAfterMs === 500 },
    decidedMs,
    tokenReadyMs: null,
    tokenReleasedMs: decidedMs && decidedMs + 100,
    firstAudioMs: decidedMs && decidedMs + 300,
    speculation: { attempts: 2, discarded: 1, wastedTokens: 8 },
  },
  cpuSeconds: 2,
})

const sound = (arm: string, set: SoundOutcome['item']['set'], stoppedMs: number | null, isVoid = false) => ({
  arm,
  item: { set, clip: `${set} ${stoppedMs}`, speaker: 'x', echo: null },
  played: {
    ...{ duckedMs: 100, pausedMs: null, resumedMs: stoppedMs === null ? 900 : null, stoppedMs },
    ...{ afterEndMs: stoppedMs === null ? null : stoppedMs - 300, heard: null, isVoid },
  },
  cpuSeconds: null,
})

describe('the figures of an arm', () => {
  const files = ['a', 'b', 'c', 'd', 'e']
  const turns = [
    ...files.map(file => turn('ours', file, file === 'a' ? 500 : file === 'b' ? 600 : null, 400)),
    turn('ours', 'e', null, null),
    ...files.map(file => turn('other', file, 700, 900)),
    {
      ...turn('ours', 'f', null, 400),
      item: { ...turn('ours', 'f', null, 400).item, hold: null },
      played: { ...turn('ours', 'f', null, 400).played, hold: null },
    },
  ]
  const figures = turnFigures('ours', turns)

  test('are of its own items, cut-offs of those with a hold', () => {
    expect(figures).toMatchObject({ items: 7, holds: 6, unheard: 1, unanswered: 0, cpuSeconds: 2 })
    expect(figures.splitPercent?.value).toBeCloseTo(200 / 6)
    expect(figures.heardPercent?.value).toBeCloseTo(100 / 6)
    expect(figures).toMatchObject({ decidedMs: { p50: 400, p90: 400 }, tokenReleasedMs: { p50: 500 } })
    expect(figures).toMatchObject({ tokenReadyMs: null, discardedPercent: 50, wastedTokens: 7 * 8 })
    const idle = turn('idle', 'a', null, 400)
    idle.played.speculation = { attempts: 0, discarded: 0, wastedTokens: 0 }
    expect(turnFigures('idle', [idle])).toMatchObject({ discardedPercent: null, wastedTokens: 0 })
    const [low = 0, high = 0] = figures.splitPercent?.interval ?? []
    expect(low).toBeLessThan(high)
    expect(turnFigures('other', turns)).toMatchObject({ splitPercent: { value: 100 } })
  })

  test('tell false stops from missed ones, and leave out replies that were too short', () => {
    const sounds = [
      ...[sound('ours', 'tv', null), sound('ours', 'tv', 300), sound('ours', 'echo', null)],
      ...[sound('ours', 'stop-words', 350), sound('ours', 'question', null), sound('ours', 'tv', null, true)],
      sound('other', 'tv', 100),
    ]
    const own = soundFigures('ours', sounds)
    expect(own).toMatchObject({ real: 2, fake: 3, missed: 1, voids: 1, cpuSeconds: null })
    expect(own.falseStopPercent?.value).toBeCloseTo(100 / 3)
    expect(own).toMatchObject({ stoppedMs: { p50: 350 }, resumedMs: { p50: 900 } })
    expect(own.sets).toContainEqual({ set: 'tv', count: 2, stopped: 1 })
    const lines: string[] = []
    printSounds([own], line => lines.push(line))
    const wrong = lines.slice(lines.indexOf('\nTold apart wrongly') + 1)
    expect(wrong).toHaveLength(2)
    expect(wrong.join('\n')).toMatch(/^ours: .*\nours: tv, /)
  })

  test('are printed with a dash for what is not known', () => {
    const lines: string[] = []
    printTurns([figures], line => lines.push(line))
    printSounds([soundFigures('ours', [sound('ours', 'tv', null)])], line => lines.push(line))
    const text = lines.join('\n')
    expect(text).toMatch(/ours .*33 \(\d+–\d+\)/)
    expect(text).toMatch(/0 of 1/)
    expect(text).toContain('–')
    expect(text).not.toMatch(/NaN|null|undefined|Infinity/)
  })
})

test('what a record tells of speculation is read, and a record without it gives nothing', () => {
  const told = {
    ...{ pauses: 2, attempts: [{ outcome: 'used' }, { outcome: 'resumed' }], wastedOutputTokens: 5 },
    tokenReadyMs: 210,
  }
  const read = readSpeculation(told)
  expect(read).toEqual({ attempts: 2, discarded: 1, wastedTokens: 5, tokenReadyMs: 210 })
  expect(readSpeculation(null)).toEqual({ ...noSpeculation, tokenReadyMs: null })
  expect(sumOf([noSpeculation, read, read])).toEqual({ attempts: 4, discarded: 2, wastedTokens: 10 })
  expect(sumOf([noSpeculation])).toEqual(noSpeculation)
})
