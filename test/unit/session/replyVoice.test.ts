import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createTimeline } from '../../../server/record/marks.ts'
import type { Outbox } from '../../../server/session/live/outbox.ts'
import { createPlayout } from '../../../server/session/live/playout.ts'
import { createReplyVoice } from '../../../server/session/live/replyVoice.ts'

const RATE = 16_000
const audio = (ms: number) => ({ samples: new Int16Array((ms * RATE) / 1000), sampleRate: RATE })
const clause = (start: number) => ({ text: 'x', start, end: start + 10 })

function speaking(blocked = false) {
  const sent: string[] = []
  const outbox: Outbox = {
    now: message => sent.push(message.type),
    async inOrder(_turnId, message) {
      sent.push(message.type)
      return true
    },
    audio(_turnId, pcm) {
      sent.push(`${(pcm.length / 2 / RATE) * 1000} ms`)
      return blocked ? new Promise(() => {}) : Promise.resolve(true)
    },
    drop: () => {},
    close: () => {},
  }
  const turn = new AbortController()
  const playout = createPlayout()
  const timeline = createTimeline()
  const voice = createReplyVoice('turn', outbox, playout, timeline, turn.signal)
  return { sent, turn, playout, timeline, voice }
}

describe('a spoken reply', () => {
  test('goes out in frames of 100 ms between audio.started and audio.done', async () => {
    const { sent, voice, timeline } = speaking()
    await voice.take(audio(250), clause(0))
    await voice.finish()
    expect(sent).toEqual(['audio.started', '100 ms', '100 ms', '50 ms', 'audio.done'])
    expect(timeline.at('firstAudio')).not.toBeNull()
  })

  test('that has no audio tells nothing', async () => {
    const { sent, voice } = speaking()
    await voice.finish()
    expect(sent).toEqual([])
  })

  test('is sent a few seconds ahead of the playout, and synthesis waits for it', async () => {
    const { playout, voice, turn } = speaking()
    await voice.take(audio(20_000), clause(0))
    const next = voice.take(audio(1000), clause(10))
    let taken = false
    next.then(
      () => {
        taken = true
      },
      () => {},
    )
    await sleep(200)
    expect(playout.sentMs()).toBeGreaterThanOrEqual(3000)
    expect(playout.sentMs()).toBeLessThan(6000)
    expect(taken).toBe(false)
    turn.abort(new Error('interrupted'))
    await expect(next).rejects.toThrow('interrupted')
    await expect(voice.finish()).rejects.toThrow()
  })

  test('waits for a client that does not read', async () => {
    const { sent, playout, voice, turn } = speaking(true)
    await voice.take(audio(500), clause(0))
    await sleep(50)
    expect(sent).toEqual(['audio.started', '100 ms'])
    expect(playout.sentMs()).toBe(0)
    turn.abort(new Error('left'))
  })

  test('knows of each clause what was sent, and guesses the length of one that is not whole', async () => {
    const { voice } = speaking()
    await voice.take(audio(300), clause(0))
    voice.whole(clause(0))
    await voice.take(audio(100), clause(10))
    await sleep(20)
    expect(voice.clauses()).toEqual([
      { start: 0, end: 10, audioMs: 300, sentMs: 300 },
      { start: 10, end: 20, audioMs: 650, sentMs: 100 },
    ])
  })
})
