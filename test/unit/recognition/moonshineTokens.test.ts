import { expect, test } from 'vitest'
import { decodeTokens, readTokens } from '../../../server/engines/moonshine/tokens.ts'

const bytes = (text: string) => [...Buffer.from(text)]
const long = 'x'.repeat(300)
test('pieces are read by their lengths, of one byte or two', () => {
  const pieces = readTokens(Uint8Array.from([3, 97, 98, 99, 0, 128 | (300 & 127), 300 >> 7, ...bytes(long)]))
  expect(pieces.map(piece => Buffer.from(piece).toString())).toEqual(['abc', '', long])
  expect(() => readTokens(Uint8Array.from([3, 97]))).toThrow('ends in the middle')
})

test('bytes of one character are put together, signs left out, and word beginnings are spaces', () => {
  const pieces = ['<unk>', '<s>', '</s>'].map(sign => Uint8Array.from(bytes(sign)))
  const all = [
    ...pieces,
    Uint8Array.of(0xc3),
    Uint8Array.of(0xa9),
    ...['▁What', '▁a', '?'].map(text => Uint8Array.from(bytes(text))),
  ]
  expect(decodeTokens(all, [1, 5, 6, 3, 4, 7, 2])).toBe('What aé?')
})
