import { describe, expect, test } from 'vitest'
import { PCM_SAMPLE_RATE } from '../../../../server/audio/pcm.ts'
import type { SessionEvent } from '../../../../server/session/events.ts'
import { ECHO_RATE } from '../../../../server/session/interruption/echoShare.ts'
import { createNearness } from '../../../../server/session/interruption/nearness.ts'
import { createOverheard } from '../../../../server/session/interruption/overheard.ts'
import { createSentSound } from '../../../../server/session/reply/sentSound.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'

/** Noise below 2 kHz of so many dBFS, a second of it. */
function noise(seed: number, dB = -20): Int16Array {
  const random = randomFrom(seed)
  let level = 0
  const drawn = Float64Array.from({ length: PCM_SAMPLE_RATE }, () => {
    level += 0.2 * (random() - 0.5 - level)
    return level
  })
  const rms = Math.sqrt(drawn.reduce((sum, sample) => sum + sample * sample, 0) / drawn.length)
  return Int16Array.from(drawn, sample => (sample / rms) * 32_768 * 10 ** (dB / 20))
}

const clearly = (text: string) => ({ text, firstText: null, isUnclear: false })
const replySound = noise(1)
/** A session that speaks a reply, a second of it by now. */
function speaking() {
  const told: SessionEvent[] = []
  const overheard = createOverheard({ tell: event => void told.push(event), play: async () => true })
  const sent = createSentSound(ECHO_RATE)
  sent.push({ samples: replySound, sampleRate: PCM_SAMPLE_RATE }, 0)
  overheard.speaks('reply', {
    heardAt: () => 'Paris is the capital of France.',
    soundAt: (fromMs, toMs) => sent.between(1000 + fromMs, 1000 + toMs),
  })
  /** An utterance over it of this sound, whose words are not known yet. */
  function over(samples: Int16Array, turnId = 'over') {
    overheard.begin(turnId, true)
    overheard.hear(turnId, samples)
    return overheard.follow(turnId, null, 600)
  }
  /** A question of so many dBFS that is said over nothing. */
  function ask(dB: number, text: string | null = 'And in Rome?') {
    overheard.begin('question', false)
    overheard.hear('question', noise(2, dB))
    const judged = overheard.judge('question', text === null ? null : clearly(text), 600)
    overheard.forget('question')
    return judged
  }
  return { overheard, told, over, ask }
}

describe('what is heard over a reply', () => {
  test('is the reply by its sound, before any word is known; that is told once the session hears itself', () => {
    const { overheard, over, told } = speaking()
    expect(overheard.hearsItself()).toBe(false)
    expect(over(replySound.map(sample => sample / 10))).toMatchObject({ words: 'echo', hearsItself: true })
    expect(overheard.hearsItself()).toBe(true)
    expect(told).toMatchObject([{ type: 'hint', hint: 'hears-itself', turnId: 'reply' }])
    expect(overheard.judge('over', clearly('And in Rome?'), 600)).toMatchObject({ words: 'echo' })
  })

  test('and stopped the reply is no question where later words are others, in a session that hears itself', () => {
    const { overheard, over } = speaking()
    const said = () => {
      over(noise(3))
      overheard.follow('over', clearly('Stop'), 700)
      return overheard.judge('over', clearly("That's right start"), 800)
    }
    expect(said()).toMatchObject({ words: 'words' })
    over(replySound)
    expect(said()).toMatchObject({ words: 'command' })
  })

  test('is somebody else by their sound', () => {
    const { overheard, over } = speaking()
    expect(over(noise(3))).toMatchObject({ words: null, hearsItself: false })
    expect(overheard.judge('over', clearly('And in Rome?'), 600)).toEqual({ voicedMs: 600, words: 'words' })
    const unclear = { text: 'And in Rome?', firstText: null, isUnclear: true }
    expect(overheard.follow('over', unclear, 600)).toMatchObject({ words: 'unclear' })
    expect(overheard.judge('over', unclear, 600)).toMatchObject({ words: 'unclear' })
  })

  test('is far away where it is 15 dB quieter than whom the session answered, and only then', () => {
    const { overheard, over, ask } = speaking()
    expect(over(noise(3, -50))).toMatchObject({ words: null })
    expect(ask(-24)).toBeNull()
    expect(over(noise(3, -38))).toMatchObject({ words: null })
    expect(over(noise(3, -41))).toMatchObject({ words: 'far' })
    expect(overheard.judge('over', clearly('And in Rome?'), 600)).toMatchObject({ words: 'far' })
    expect(overheard.judge('over', clearly('Stop.'), 600)).toMatchObject({ words: 'command' })
  })

  test('is near again for who moves away, and what was no question says nothing of that', () => {
    const { over, ask } = speaking()
    ask(-10, null)
    ask(-24)
    expect(over(noise(3, -41))).toMatchObject({ words: 'far' })
    ask(-41)
    expect(over(noise(3, -41))).toMatchObject({ words: null })
  })

  test('is of one session', () => {
    const { over, ask } = speaking()
    ask(-24)
    over(replySound)
    const other = speaking()
    expect(other.overheard.hearsItself()).toBe(false)
    expect(other.over(noise(3, -50))).toMatchObject({ words: null, hearsItself: false })
  })
})

test('nobody is far away of whom nothing was heard', () => {
  const nearness = createNearness()
  expect(nearness.isFar(-90)).toBe(false)
  nearness.answered(-24)
  expect([nearness.isFar(Number.NEGATIVE_INFINITY), nearness.isFar(-38), nearness.isFar(-40)]).toEqual([
    ...[false, false, true],
  ])
})
