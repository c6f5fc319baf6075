import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { heardPrefix, heardText } from '../../../server/voice/heardText.ts'
import type { SpokenClause } from '../../../server/voice/voice.ts'

const reply = 'One two three. Four five **six**. Seven eight.'
const spoken = (start: number, end: number, audioMs: number | null, sentMs = audioMs ?? 0): SpokenClause => ({
  start,
  end,
  audioMs,
  sentMs,
})
const wholly = [spoken(0, 14, 1000), spoken(15, 33, 2000), spoken(34, 46, 1000)]

describe('what was heard by the position of the playback', () => {
  test.each<[string, SpokenClause[], number, string]>([
    ['nothing before the first sample', wholly, 0, ''],
    ['nothing within the first word', wholly, 200, ''],
    ['a word once it is over', wholly, 215, 'One'],
    ['words of the first clause', wholly, 500, 'One two'],
    ['a whole clause at its end', wholly, 1000, 'One two three.'],
    ['a whole clause a rounding error before its end', wholly, 999.5, 'One two three.'],
    ['part of the second clause, markup as it was written', wholly, 2200, 'One two three. Four five'],
    ['two clauses', wholly, 3000, 'One two three. Four five **six**.'],
    ['everything', wholly, 4000, reply],
    ['never more than everything', wholly, 60_000, reply],
    ['nothing at a negative position', wholly, -50, ''],
    ['nothing at no position at all', wholly, Number.NaN, ''],
    ['no more than was sent', [spoken(0, 14, 1000, 500)], 900, 'One two'],
    [
      'nothing after a clause that was sent in part',
      [spoken(0, 14, 1000, 500), spoken(15, 33, 2000)],
      9000,
      'One two',
    ],
    [
      'nothing of a clause that is not synthesized',
      [spoken(0, 14, 1000), spoken(15, 33, null)],
      9000,
      'One two three.',
    ],
    [
      'a clause without sound counts as heard',
      [spoken(0, 14, 0), spoken(15, 33, 2000)],
      1200,
      'One two three. Four five',
    ],
    ['nothing of nothing', [], 500, ''],
  ])('%s', (_name, clauses, playedMs, expected) => {
    expect(heardText(clauses, playedMs, reply)).toBe(expected)
  })

  test.each([
    ['今何時ですか。もうすぐ九時です。', 3 / 16],
    ['ตอนนี้กี่โมงแล้วครับ', 0.5],
  ])('words are told apart in a script without spaces, too: %s', (text, share) => {
    const heard = heardText([spoken(0, text.length, 1000)], 1000 * share, text)
    expect(text.startsWith(heard)).toBe(true)
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.length).toBeLessThanOrEqual(text.length * share)
    expect(heardPrefix(text, Math.round(text.length * share))).toBe(heard)
  })

  test('it only grows with the position, and is always a beginning of the reply', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (a, b) => {
        const shorter = heardText(wholly, Math.min(a, b), reply)
        const longer = heardText(wholly, Math.max(a, b), reply)
        expect(longer.startsWith(shorter)).toBe(true)
        expect(reply.startsWith(longer)).toBe(true)
      }),
    )
  })
})

describe('what was heard where the page speaks', () => {
  test.each<[number, string]>([
    [0, ''],
    [2, ''],
    [3, 'One'],
    [12, 'One two'],
    [14, 'One two three.'],
    [46, reply],
    [1000, reply],
    [-1, ''],
    [Number.NaN, ''],
  ])('%d characters', (length, expected) => {
    expect(heardPrefix(reply, length)).toBe(expected)
  })
})
