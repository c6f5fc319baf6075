import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { speakable } from '../../../server/voice/speakable.ts'
import { proseReplies, split } from '../../support/voice/splitClauses.ts'

const fragments = fc.oneof(
  fc.constantFrom(
    ...[
      '. ',
      '.',
      '! ',
      '? ',
      ', ',
      '; ',
      ': ',
      ' — ',
      '—',
      '…',
      '\n',
      '\n\n',
      ' ',
      '`',
      '```',
      '\n```\n',
      '~~~',
      '*',
      '**',
      '_',
    ],
    ...[
      '[',
      ']',
      '](',
      ')',
      '(',
      '- ',
      '1. ',
      '\n2. ',
      '# ',
      '\n# ',
      '|',
      '\n|',
      '> ',
      '"',
      '”',
      "'",
      '😀',
      '。',
      '$',
      '$$',
      '\\[',
      '\\]',
      '\\(',
      '\\)',
      '\\begin{align}',
      '\\end{align}',
      'x^2',
      '<b>',
      '&amp;',
    ],
    ...[
      'Dr.',
      'p.m.',
      'U.S.',
      'etc.',
      'J.',
      'The',
      'It',
      'he',
      'A',
      'I',
      '3',
      '14',
      '1,000',
      'http://a.b/c?d',
      'a@b.c',
      'No.',
      'e.g.',
    ],
  ),
  fc.constantFrom(...proseReplies),
  fc.string({ maxLength: 6, unit: 'binary' }),
  fc.string({ maxLength: 40, unit: 'grapheme-ascii' }),
)
const replies = fc.array(fragments, { maxLength: 60 }).map(parts => parts.join(''))

describe('for any reply', () => {
  test('any chunking gives the same clauses', () => {
    fc.assert(
      fc.property(replies, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (reply, sizes) => {
        const chunks: string[] = []
        for (let at = 0, i = 0; at < reply.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          chunks.push(reply.slice(at, at + size))
          at += size
        }
        expect(split(chunks)).toEqual(split([reply]))
      }),
      { numRuns: 1000 },
    )
  })
  test('ranges are in order, never overlap, and leave out only what cannot be said', () => {
    fc.assert(
      fc.property(replies, reply => {
        let end = 0
        for (const clause of split([reply])) {
          expect(clause.text).not.toBe('')
          expect(clause.start).toBeGreaterThanOrEqual(end)
          expect(clause.end).toBeGreaterThan(clause.start)
          expect(reply.slice(end, clause.start).trim()).toBe('')
          end = clause.end
        }
        if (!reply.slice(end).includes('\n')) expect(speakable(reply.slice(end))).toBe('')
      }),
      { numRuns: 500 },
    )
  })
})
