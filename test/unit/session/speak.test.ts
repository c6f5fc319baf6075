import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import type { SynthesisTimings } from '../../../server/protocol/record.ts'
import { createTimeline } from '../../../server/record/marks.ts'
import { createDraft } from '../../../server/record/turnRecord.ts'
import { createPlayout } from '../../../server/session/reply/playout.ts'
import { createSpeaking } from '../../../server/session/reply/speak.ts'

const RATE = 16_000
const clause = (start: number, text = 'x') => ({ text, start, end: start + 10 })

/** Speaks clauses of so many milliseconds each, to a listener that reads or does not. */
function speaking({ audioMs = 250, reads = true, plays = true, ends = true, broken = '' } = {}) {
  const told: string[] = []
  const turn = new AbortController()
  const playout = createPlayout()
  const timeline = createTimeline()
  const timings: SynthesisTimings = createDraft().synthesis
  let synthesized = 0
  const voice = createSpeaking(
    {
      ...{ turnId: 'turn', playout, timeline, timings, plays },
      async *synthesize(text) {
        synthesized++
        if (text === '') return
        if (broken.includes(text)) throw new QuantvoxError('engine_failed', `It cannot say ${text}.`)
        yield { samples: new Int16Array((audioMs * RATE) / 1000), sampleRate: RATE, inferenceMs: 3 }
        if (!ends) await new Promise(() => {})
      },
      sink: {
        tell: ({ type }) => void told.push(type),
        play({ samples }) {
          told.push(`${(samples.length / RATE) * 1000} ms`)
          return reads ? Promise.resolve(true) : new Promise(() => {})
        },
      },
      recorder: { take: () => {}, durationMs: () => 0, wav: async () => null },
      sent: () => {},
      failed: ({ message }) => void told.push(message),
    },
    turn.signal,
  )
  return { told, turn, playout, timeline, timings, voice, synthesized: () => synthesized }
}

describe('a spoken reply', () => {
  test('goes out in stretches of 100 ms after the rate was told', async () => {
    const { told, voice, timeline, timings } = speaking()
    voice.say(clause(0))
    await voice.finish()
    expect(told).toEqual(['audio.started', '100 ms', '100 ms', '50 ms'])
    expect(timeline.at('firstAudio')).not.toBeNull()
    expect(timings).toMatchObject({ audioMs: 250, inferenceMs: 3 })
  })

  test('that has no audio tells nothing', async () => {
    const { told, voice } = speaking()
    voice.say(clause(0, ''))
    await voice.finish()
    expect(told).toEqual([])
  })

  test('is sent a few seconds ahead of the playout, and synthesis waits for it', async () => {
    const { playout, voice, turn, synthesized } = speaking({ audioMs: 20_000 })
    voice.say(clause(0))
    voice.say(clause(10))
    await sleep(200)
    expect(playout.sentMs()).toBeGreaterThanOrEqual(3000)
    expect(playout.sentMs()).toBeLessThan(6000)
    expect(synthesized()).toBe(1)
    turn.abort(new Error('interrupted'))
    await expect(voice.finish()).rejects.toThrow()
    expect(synthesized()).toBe(1)
  })

  test('is sent at once to whoever takes it as it comes', async () => {
    const { playout, voice } = speaking({ audioMs: 20_000, plays: false })
    voice.say(clause(0))
    await voice.finish()
    expect(playout.sentMs()).toBeCloseTo(20_000)
  })

  test('waits for a listener that does not read', async () => {
    const { told, playout, voice } = speaking({ audioMs: 500, reads: false })
    voice.say(clause(0))
    await sleep(50)
    expect(told).toEqual(['audio.started', '100 ms'])
    expect(playout.sentMs()).toBe(0)
  })

  test('knows of each clause what was sent, and guesses the length of one that is not whole', async () => {
    const whole = speaking({ audioMs: 300 })
    whole.voice.say(clause(0))
    await whole.voice.finish()
    expect(whole.voice.clauses()).toEqual([{ start: 0, end: 10, audioMs: 300, sentMs: 300 }])
    const broken = speaking({ audioMs: 100, ends: false })
    broken.voice.say(clause(10))
    await sleep(20)
    expect(broken.voice.clauses()).toEqual([{ start: 10, end: 20, audioMs: 650, sentMs: 100 }])
  })

  test('loses what the voice fails at, and goes on', async () => {
    const { told, voice } = speaking({ audioMs: 100, broken: 'bd' })
    for (const [index, text] of [...'abcde'].entries()) voice.say(clause(index * 10, text))
    await voice.finish()
    const [a, c, e] = ['100 ms', '100 ms', '100 ms']
    expect(told).toEqual(['audio.started', a, 'It cannot say b.', c, 'It cannot say d.', e])
    const of = voice.clauses().map(({ audioMs, sentMs }) => [audioMs, sentMs])
    expect(of).toEqual([100, 0, 100, 0, 100].map(ms => [ms, ms]))
  })

  test('is not asked of a voice any more that failed twice in a row', async () => {
    const { told, voice, synthesized } = speaking({ audioMs: 100, broken: 'bc' })
    for (const [index, text] of [...'abcde'].entries()) voice.say(clause(index * 10, text))
    await voice.finish()
    expect(told).toEqual(['audio.started', '100 ms', 'It cannot say b.', 'It cannot say c.'])
    expect(synthesized()).toBe(3)
  })
})
