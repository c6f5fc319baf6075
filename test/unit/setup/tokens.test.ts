import { expect, it } from 'vitest'
import { tokenBytes } from '../../../server/setup/convert/tokens.ts'

it('printable characters of a token stand for themselves and the others for the bytes they replace', () => {
  expect(tokenBytes('Ġgazed')).toEqual(Buffer.from(' gazed'))
  expect(tokenBytes('Ċ')).toEqual(Buffer.from('\n'))
  expect(tokenBytes('åľº')).toEqual(Buffer.from('场'))
  expect(tokenBytes('<|endoftext|>')).toEqual(Buffer.from('<|endoftext|>'))
  expect(tokenBytes('')).toEqual(Buffer.alloc(0))
})

it('half a character survives as the byte it is', () => {
  expect(tokenBytes('¡')).toEqual(Buffer.from([0xa1]))
  expect(tokenBytes('Ā')).toEqual(Buffer.from([0]))
  expect(tokenBytes('Ń')).toEqual(Buffer.from([0xad]))
})

it('all 256 bytes have a character, and no two the same', () => {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCodePoint(printable(byte) ? byte : next++)
    expect(tokenBytes(character)).toEqual(Buffer.from([byte]))
  }
})

it('a character that stands for no byte is an error', () => {
  expect(() => tokenBytes('日本')).toThrow(/not byte-level/)
})
