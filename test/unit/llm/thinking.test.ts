import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { separateThinking } from '../../../server/llm/thinking.ts'

function separated(deltas: readonly string[]): { thinking: string; text: string } {
  const separator = separateThinking()
  const pieces = [...deltas.flatMap(delta => separator.push(delta)), ...separator.flush()]
  const of = (type: string) => pieces.flatMap(piece => (piece.type === type ? [piece.text] : [])).join('')
  expect(pieces.every(piece => piece.text !== '')).toBe(true)
  return { thinking: of('thinking'), text: of('text') }
}

describe('thinking between tags', () => {
  test.each<[string, string, string]>([
    ['It is ten.', '', 'It is ten.'],
    ['<think>Hm.</think>Yes.', 'Hm.', 'Yes.'],
    ['\n <think>Hm.</think>\n\n Yes.', 'Hm.', 'Yes.'],
    ['<think></think>Yes.', '', 'Yes.'],
    ['<think>never ends', 'never ends', ''],
    ['<think>a < b </thin k> </think>Yes.', 'a < b </thin k> ', 'Yes.'],
    ['<thinking is fun', '', '<thinking is fun'],
    ['I write <think>tags</think>.', '', 'I write <think>tags</think>.'],
    ['<think>one</think>Yes.<think>two</think>', 'one', 'Yes.<think>two</think>'],
    ['<thi', '', '<thi'],
    ['', '', ''],
  ])('%j is told apart', (reply, thinking, text) => {
    expect(separated([reply])).toEqual({ thinking, text })
  })

  test('is told apart in the same way wherever the stream cuts it', () => {
    const word = fc.constantFrom('<think>', '</think>', '<th', 'ink>', '</', ' ', '\n', 'a', 'ok. ')
    const cutting = fc.record({ reply: fc.array(word, { maxLength: 12 }), cuts: fc.array(fc.nat(80)) })
    fc.assert(
      fc.property(cutting, ({ reply, cuts }) => {
        const whole = reply.join('')
        const places = [0, ...cuts.map(cut => Math.min(cut, whole.length)), whole.length].toSorted(
          (a, b) => a - b,
        )
        const deltas = places.slice(1).map((end, i) => whole.slice(places[i], end))
        expect(separated(deltas)).toEqual(separated([whole]))
      }),
    )
  })

  test('is given out as it comes, held back only where a tag could begin', () => {
    const separator = separateThinking()
    expect(separator.push('<thi')).toEqual([])
    expect(separator.push('nk>Let me')).toEqual([{ type: 'thinking', text: 'Let me' }])
    expect(separator.push(' see</th')).toEqual([{ type: 'thinking', text: ' see' }])
    expect(separator.push('ink>Yes')).toEqual([{ type: 'text', text: 'Yes' }])
    expect(separator.push(' <')).toEqual([{ type: 'text', text: ' <' }])
  })
})
