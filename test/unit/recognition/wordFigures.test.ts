import { describe, expect, test } from 'vitest'
import {
  type ClipHeard,
  joinedText,
  partsByPauses,
  wordFigures,
} from '../../../scripts/bench/words/wordFigures.ts'

describe('the pauses of a clip say how many turns it has', () => {
  const segments = [
    { startMs: 0, endMs: 1000 },
    { startMs: 1400, endMs: 2000 },
    { startMs: 2512, endMs: 3000 },
  ]
  test.each([
    [300, 3],
    [500, 2],
    [512, 2],
    [513, 1],
  ])('with a silence of %i ms: %i', (silenceMs, turns) => {
    expect(partsByPauses({ segments }, silenceMs)).toBe(turns)
  })
  test('none where there is no speech', () => expect(partsByPauses({ segments: [] }, 500)).toBe(0))
})

const turn = (text: string) => ({
  text,
  parts: 1,
  outcome: text === '' ? ('no-speech' as const) : ('interrupted' as const),
})

const spoken: ClipHeard = {
  file: 'a.wav',
  kind: 'speech',
  reference: 'Good morning, Steve. Good morning.',
  offline: 'Good morning Steve, good morning',
  pushToTalk: [turn('Good morning, Eve. Good morning.')],
  handsFree: [turn('Good morning, Steve.'), turn(''), turn('Good morning.')],
  expectedParts: 2,
}

test('turns in which nothing was said leave no gap in what was heard', () => {
  expect(joinedText(spoken.handsFree)).toBe('Good morning, Steve. Good morning.')
})

test('each way of hearing has its own error rate, and a turn too many is told', () => {
  expect(wordFigures([spoken])).toEqual({
    ...{ clips: 1, words: 5, offline: 0, pushToTalk: 20, handsFree: 0, miscounted: ['a.wav'] },
    nonspeech: { turns: 0, invented: [] },
  })
})

test('words heard on a clip without speech are invented, and no part of the error rate', () => {
  const noise: ClipHeard = {
    ...{ file: 'noise.wav', kind: 'nonspeech', reference: '', offline: '', expectedParts: 0 },
    ...{ pushToTalk: [turn('')], handsFree: [turn(''), turn('Thank you.')] },
  }
  const figures = wordFigures([spoken, noise])
  expect(figures).toMatchObject({ clips: 1, pushToTalk: 20, miscounted: ['a.wav'] })
  expect(figures.nonspeech).toEqual({ turns: 2, invented: ['Thank you.'] })
})
