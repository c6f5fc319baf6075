import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Evidence, endsAfter, presets } from '../../../../server/hearing/endOfTurn/decision.ts'
import { createOwnPauses } from '../../../../server/hearing/endOfTurn/ownPauses.ts'
import { textStateOf } from '../../../../server/hearing/endOfTurn/words.ts'
import type { TextState } from '../../../../server/protocol/record.ts'

describe('when a turn ends', () => {
  /** Which of the three waits it is, as the rule names it. */
  function waitFor(evidence: Evidence): number | null {
    const end = endsAfter(evidence, { sureMs: 1, likelyMs: 2, hardlyMs: 3 })
    if (end !== null) expect(end.decidedBy).toBe((['sure', 'likely', 'hardly'] as const)[end.afterMs - 1])
    return end?.afterMs ?? null
  }

  test.each([
    [0.9, 'closed', 1],
    [0.88, 'closed', 2],
    [0.02, 'closed', 2],
    [0.01, 'closed', 3],
    [0.96, null, 1],
    [0.95, null, 2],
    [0.05, null, 2],
    [0.04, null, 3],
    [0.96, 'weak', 1],
    [0.95, 'weak', 2],
    [1, 'open', 2],
    [0.74, 'open', 2],
    [0.73, 'open', 3],
    [0, 'closed', 3],
    [null, 'closed', null],
    [null, null, null],
  ] as const)('voice %f, words %s: wait number %i', (probability, textState, expected) => {
    expect(waitFor({ probability, textState, endsHere: null })).toBe(expected)
  })

  test.each([
    [0.23, 0.5, null, 1],
    [0.22, 0.5, null, 2],
    [0.083, 0.5, null, 2],
    [0.082, 0.5, null, 3],
    [0.15, 0.95, 'closed', 2],
    [0.15, 0.97, 'closed', 1],
    [0.9, 0.5, 'open', 2],
    [1, 0.5, 'open', 2],
    [0.3, null, 'weak', 1],
    [0, 1, 'closed', 3],
    [1, 0, 'closed', 1],
    [0.25, null, null, 1],
  ] as const)(
    'model %f, voice %f, words %s: wait number %i',
    (endsHere, probability, textState, expected) => {
      expect(waitFor({ probability, textState, endsHere })).toBe(expected)
    },
  )

  test('is never later for a surer voice, or for words that are closed rather than open', () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true })
    const preset = fc.constantFrom(...Object.values(presets))
    fc.assert(
      fc.property(
        probability,
        probability,
        fc.option(probability),
        preset,
        (one, other, endsHere, patience) => {
          const ends = (share: number, textState: TextState | null) =>
            endsAfter({ probability: share, textState, endsHere }, patience)?.afterMs ?? 0
          const [low, high] = [Math.min(one, other), Math.max(one, other)]
          expect(ends(high, null)).toBeLessThanOrEqual(ends(low, null))
          const order = (['closed', null, 'weak', 'open'] as const).map(words => ends(one, words))
          expect(order).toEqual(order.toSorted((a, b) => a - b))
        },
      ),
    )
  })

  test('is sooner the less patient a preset is', () => {
    const { fast, balanced, patient } = presets
    for (const wait of ['sureMs', 'likelyMs', 'hardlyMs'] as const) {
      expect(fast[wait]).toBeLessThanOrEqual(balanced[wait])
      expect(balanced[wait]).toBeLessThanOrEqual(patient[wait])
    }
  })
})

test.each([
  ['What is the weather like today?', 'closed'],
  ['Turn on the lamp.', 'closed'],
  ['Say "yes."', 'closed'],
  ['Yes.', 'closed'],
  ['I like tea', 'weak'],
  ['I want a coffee with', 'open'],
  ['I want a coffee with.', 'open'],
  ['Set a timer for…', 'open'],
  ['Set a timer...', 'open'],
  ['Three of them,', 'weak'],
  ['No.', 'closed'],
  ['Why?', 'closed'],
  ['Um.', 'open'],
  ['Where are you from?', 'weak'],
  ["What's the weather like?", 'weak'],
  ["I'd like", 'open'],
  ['I think, um', 'open'],
  ['And what I’m', 'open'],
  ["And what I'm.", 'open'],
  ['', null],
  [' … ', null],
])('%j is %s', (text, expected) => {
  expect(textStateOf(text)).toBe(expected)
})

describe("one's own pauses", () => {
  function waitAfter(...lengths: number[]) {
    const pauses = createOwnPauses()
    for (const length of lengths) pauses.add(length)
    return pauses.waitMs()
  }

  test('say nothing while they are few, or within words', () => {
    expect(waitAfter()).toBeNull()
    expect(waitAfter(700, 700)).toBeNull()
    expect(waitAfter(700, 700, 64, 128, 192)).toBeNull()
  })

  test('are waited for with a margin, but for the longest of ten', () => {
    expect(waitAfter(300, 400, 500)).toBe(500)
    expect(waitAfter(...Array.from({ length: 10 }, () => 300), 2000)).toBe(400)
  })

  test('count for the last twenty only', () => {
    expect(
      waitAfter(...Array.from({ length: 20 }, () => 900), ...Array.from({ length: 20 }, () => 250)),
    ).toBe(350)
  })
})
