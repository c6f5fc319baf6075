import { describe, expect, test } from 'vitest'
import { loopIn } from '../../../server/recognition/utterance/loopGuard.ts'
import { isDoubtful, isSaid } from '../../../server/recognition/whisper/judge.ts'
import { windowFor } from '../../../server/recognition/whisper/window.ts'

const loop = (text: string, audioMs = 10_000, tokens = 20) => loopIn({ text, tokens, audioMs })

describe('a loop is found', () => {
  test('when the decoder ran into its token limit', () => {
    expect(loop('anything', 10_000, 220)).toBe('token-limit')
  })
  test('in a repeated word', () => {
    expect(loop('you you you you you you you you')).toBe('repeats')
  })
  test('in a repeated phrase with a beginning and an end', () => {
    expect(loop(`Give me a latte ${'with brown sugar, '.repeat(5)} please`)).toBe('repeats')
  })
  test('in text that says little for its length', () => {
    const text =
      'the cat sat on the mat near the cat that sat on the mat and the cat sat on the mat near the cat that sat on the mat and the cat sat on the mat near the cat that sat on the mat and the cat sat'
    expect(loop(text, 60_000)).toBe('compression')
  })
  test('in more words than anyone can say', () => {
    expect(loop('alpha bravo charlie delta echo foxtrot golf hotel india juliett', 1000)).toBe('rate')
  })
})

test.each([
  'It was the best of times, it was the worst of times. It was the age of wisdom, it was the age of foolishness.',
  'We were all going direct to heaven, we were all going direct the other way.',
  'No, no, no, no!',
  'Bye bye.',
  'Thank you.',
  '',
])('no loop is seen in: %s', text => {
  expect(loop(text)).toBeNull()
})

describe('what was really said gets through', () => {
  const heard = { text: 'Thank you.', speechMs: 640, noSpeechProbability: null, meanLogProbability: -0.3 }
  test('a spoken "thank you"', () => {
    expect(isDoubtful(heard)).toBe(false)
    expect(isSaid(heard)).toBe(true)
  })
  test('a short "yes" that the recognizer is sure of', () => {
    const yes = { text: 'Yes.', speechMs: 224, meanLogProbability: -0.2 }
    expect(isDoubtful(yes)).toBe(true)
    expect(isSaid({ ...yes, noSpeechProbability: 0.1 })).toBe(true)
  })
  test('a short "stop" that the recognizer is unsure of, but takes for speech', () => {
    expect(isSaid({ ...heard, speechMs: 288, meanLogProbability: -1.2, noSpeechProbability: 0.23 })).toBe(
      true,
    )
  })
  test('unclear speech that is surely speech', () => {
    expect(isSaid({ ...heard, speechMs: 3000, meanLogProbability: -1.1, noSpeechProbability: 0.2 })).toBe(
      true,
    )
  })
})

describe('what was made up does not', () => {
  const heard = { text: 'Thank you.', speechMs: 256, noSpeechProbability: 0.1, meanLogProbability: -0.3 }
  test('text without any voiced time', () => {
    expect(isSaid({ ...heard, speechMs: 0 })).toBe(false)
  })
  test('a short noise that the recognizer takes for silence', () => {
    expect(isSaid({ ...heard, noSpeechProbability: 0.8 })).toBe(false)
  })
  test('a long noise that the recognizer takes for silence, and is unsure of', () => {
    const noise = { ...heard, speechMs: 3000, noSpeechProbability: 0.8 }
    expect(isSaid({ ...noise, meanLogProbability: -1.2 })).toBe(false)
    expect(isSaid({ ...noise, meanLogProbability: -0.2 })).toBe(true)
  })
  test('a text that the recognizer all but guessed', () => {
    expect(isSaid({ ...heard, speechMs: 3000, meanLogProbability: -2.5 })).toBe(false)
  })
  test.each(['', '...', '♪♪'])('text without a word: "%s"', text => {
    expect(isSaid({ ...heard, speechMs: 3000, text })).toBe(false)
  })
})

describe('the window', () => {
  test('never falls below the floor', () => {
    expect(windowFor(500)).toBe(768)
    expect(windowFor(11_000)).toBe(768)
  })
  test('holds the clip at every length, and is never more than 30 s', () => {
    for (let ms = 0; ms <= 30_000; ms += 250) {
      expect(windowFor(ms) * 20).toBeGreaterThanOrEqual(ms)
      expect(windowFor(ms)).toBeLessThanOrEqual(1500)
    }
  })
})
