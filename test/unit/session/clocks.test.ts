import { describe, expect, test } from 'vitest'
import { createAudioClock } from '../../../server/hearing/audioClock.ts'
import type { Playback } from '../../../server/protocol/socketClient.ts'
import { createPlayout } from '../../../server/session/reply/playout.ts'

describe('the clock of a microphone', () => {
  test('takes the frame that was delayed least', () => {
    const clock = createAudioClock()
    clock.arrived(100, 1150)
    clock.arrived(200, 1210)
    clock.arrived(300, 1400)
    expect(clock.at(250)).toBe(1260)
  })

  test('is not moved by a burst after a hiccup', () => {
    const clock = createAudioClock()
    for (let ms = 20; ms <= 400; ms += 20) clock.arrived(ms, 1000 + ms)
    for (let ms = 420; ms <= 800; ms += 20) clock.arrived(ms, 1900)
    expect(clock.at(800)).toBe(1800)
  })

  test('forgets what is older than 2 s, so that a gap in the sending is not held against later answers', () => {
    const clock = createAudioClock()
    clock.arrived(100, 1100)
    clock.arrived(200, 5200)
    expect(clock.at(200)).toBe(5200)
  })

  test('is not moved by what came late after the position, however long after', () => {
    const clock = createAudioClock()
    for (let ms = 20; ms <= 400; ms += 20) clock.arrived(ms, 1000 + ms)
    for (let ms = 420; ms <= 4000; ms += 20) clock.arrived(ms, 1700 + ms)
    expect(clock.at(200)).toBe(1200)
    expect(clock.at(4000)).toBe(5700)
  })
})

describe('the playout', () => {
  const report = (event: Playback['event'], positionMs?: number): Playback => ({
    type: 'playback',
    turnId: 'x',
    event,
    ...(positionMs === undefined ? {} : { positionMs }),
  })

  function playing() {
    let now = 1000
    const playout = createPlayout(() => now)
    return {
      playout,
      wait: (ms: number) => {
        now += ms
      },
    }
  }

  test('runs by the clock from the first audio on, and never past what was sent', () => {
    const { playout, wait } = playing()
    expect(playout.positionMs()).toBe(0)
    playout.sent(1000)
    wait(400)
    expect(playout.positionMs()).toBe(400)
    expect(playout.leadMs()).toBe(600)
    wait(5000)
    expect(playout.positionMs()).toBe(1000)
    playout.sent(500)
    wait(100)
    expect(playout.positionMs()).toBe(1100)
  })

  test('stands still while it is held, is set right then too, and lets nobody go on until it goes on', async () => {
    const { playout, wait } = playing()
    const { signal } = new AbortController()
    let isGoing = false
    playout.sent(3000)
    wait(500)
    playout.hold()
    void playout.untilGoing(signal).then(() => {
      isGoing = true
    })
    wait(5000)
    expect(playout.positionMs()).toBe(500)
    playout.report(report('progress', 450))
    wait(100)
    expect(playout.positionMs()).toBe(450)
    await Promise.resolve()
    expect(isGoing).toBe(false)
    expect(playout.isOver()).toBe(false)
    playout.resume()
    wait(100)
    expect(playout.positionMs()).toBe(550)
    await playout.untilGoing(signal)
    expect(isGoing).toBe(true)
    playout.hold()
    await expect(playout.untilGoing(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })

  test('is set right by what the client reports', () => {
    const { playout, wait } = playing()
    playout.sent(2000)
    wait(800)
    playout.report(report('progress', 300))
    expect(playout.positionMs()).toBe(300)
    wait(200)
    expect(playout.positionMs()).toBe(500)
    playout.report(report('progress', 90_000))
    expect(playout.positionMs()).toBe(2000)
  })

  test('stands where the client stopped', () => {
    const { playout, wait } = playing()
    playout.sent(2000)
    playout.report(report('stopped', 700))
    wait(1000)
    expect(playout.positionMs()).toBe(700)
    expect(playout.isOver()).toBe(true)
  })

  test('is over where the client says so, and goes on if more is sent', () => {
    const { playout, wait } = playing()
    playout.sent(1000)
    playout.report(report('ended'))
    expect(playout.isOver()).toBe(true)
    expect(playout.positionMs()).toBe(1000)
    playout.sent(500)
    expect(playout.isOver()).toBe(false)
    wait(200)
    expect(playout.leadMs()).toBeLessThanOrEqual(500)
  })
})
