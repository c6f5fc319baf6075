import { describe, expect, test } from 'vitest'
import { createAudioClock } from '../../../../client/audio/audioClock.ts'
import {
  isWaiting,
  liveBars,
  spokenWaits,
  typedWaits,
  type Waits,
  waitsAfter,
} from '../../../../client/timing/liveBars.ts'
import type { ServerMessage } from '../../../../server/protocol/socketServer.ts'

const turnId = 'a'
const figures = (waits: Waits, nowMs: number, speaks = true) =>
  liveBars(waits, nowMs, speaks).map(({ id, startMs, endMs }) => [id, startMs, endMs])

const told = (waits: Waits | null, ...messages: [message: ServerMessage, atMs: number][]) =>
  messages.reduce((now, [message, atMs]) => waitsAfter(now, message, atMs), waits) as Waits

describe('the waterfall of a turn that goes on', () => {
  const decided = spokenWaits(1000, 1500)

  test('begins at speech end, and its last bar grows', () => {
    expect(figures(decided, 1600)).toEqual([
      ['silence', 0, 500],
      ['transcription', 500, 600],
    ])
    expect(figures(decided, 1800)[1]).toEqual(['transcription', 500, 800])
  })

  test('goes from stage to stage as the server tells of them', () => {
    const heard = told(decided, [{ type: 'transcript.final', turnId, text: 'One?' }, 1900])
    expect(figures(heard, 2200).at(-1)).toEqual(['firstToken', 900, 1200])
    const answered = told(
      heard,
      [{ type: 'reply.delta', turnId, text: 'One' }, 2300],
      [{ type: 'reply.delta', turnId, text: '.' }, 2350],
      [{ type: 'audio.started', turnId, sampleRate: 16_000 }, 2400],
    )
    expect(figures(answered, 2450)).toEqual([
      ['silence', 0, 500],
      ['transcription', 500, 900],
      ['firstToken', 900, 1300],
      ['firstAudio', 1300, 1400],
      ['playbackStart', 1400, 1450],
    ])
    expect(isWaiting(answered, true)).toBe(true)
    const played = { ...answered, playbackMs: 2460 }
    expect(isWaiting(played, true)).toBe(false)
    expect(figures(played, 9000).at(-1)).toEqual(['playbackStart', 1400, 1460])
  })

  test('of an answer that nobody speaks ends with its first token', () => {
    const answered = told(typedWaits(1000), [{ type: 'reply.delta', turnId, text: 'One' }, 1200])
    expect(figures(answered, 5000, false)).toEqual([['firstToken', 0, 200]])
    expect(isWaiting(answered, false)).toBe(false)
  })

  test("of one that the browser speaks has no moment of the server's sound", () => {
    const played = {
      ...told(typedWaits(0), [{ type: 'reply.delta', turnId, text: 'One' }, 200]),
      playbackMs: 300,
    }
    expect(figures(played, 5000)).toEqual([
      ['firstToken', 0, 200],
      ['firstAudio', 200, 300],
      ['playbackStart', 300, 300],
    ])
  })

  test('stands still where the turn was interrupted or failed', () => {
    const stopped = told(decided, [{ type: 'interrupted', turnId, reason: 'client' }, 1700])
    expect(figures(stopped, 9000).at(-1)).toEqual(['transcription', 500, 700])
    expect(isWaiting(stopped, true)).toBe(false)
  })

  test('is void when the question goes on', () => {
    expect(waitsAfter(decided, { type: 'reopened', turnId, positionMs: 900 }, 1600)).toBeNull()
  })

  test('never has a bar that ends before it begins', () => {
    expect(figures(spokenWaits(9000, 1500), 1400)).toEqual([
      ['silence', 0, 0],
      ['transcription', 0, 0],
    ])
  })
})

describe("a position of the session's audio", () => {
  test('was heard so long before the last frame as there is audio between', () => {
    const clock = createAudioClock()
    clock.sent(new ArrayBuffer(64_000), 500)
    clock.begin(16_000)
    for (let i = 1; i <= 50; i++) clock.sent(new ArrayBuffer(640), 10_000 + i * 20)
    expect(clock.momentOf(400)).toBe(10_400)
    expect(clock.momentOf(5000)).toBe(11_000)
  })
})
