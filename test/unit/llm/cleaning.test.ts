import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanReply } from '../../../server/llm/cleaning.ts'

function cleaned(deltas: readonly string[], beginsThinking = false): { thinking: string; text: string } {
  const cleaning = cleanReply(beginsThinking)
  let [thinking, text] = ['', '']
  for (const piece of [...deltas.flatMap(delta => cleaning.push(delta)), ...cleaning.flush()]) {
    if (piece.type === 'written-call') continue
    if (piece.type === 'restart') [thinking, text] = [thinking + text, '']
    else {
      expect(piece.text).not.toBe('')
      if (piece.type === 'text') text += piece.text
      else thinking += piece.text
    }
  }
  return { thinking, text }
}

const call = '{"name":"HassTurnOn","parameters":{"name":"lamp"}}'
const cases: [reply: string, thinking: string, text: string][] = [
  ['It is ten.', '', 'It is ten.'],
  ['<think>Hm.</think>Yes.', 'Hm.', 'Yes.'],
  ['\n <think>Hm.</think>\n\n Yes.', 'Hm.', 'Yes.'],
  ['<think></think>Yes.', '', 'Yes.'],
  ['<think>never ends', 'never ends', ''],
  ['<think>a < b </thin k> </think>Yes.', 'a < b </thin k> ', 'Yes.'],
  ['<thinking is fun', '', '<thinking is fun'],
  ['I write <think>tags</think>.', '', 'I write <think>tags</think>.'],
  ['<think>one</think>Yes.<think>two</think>', 'onetwo', 'Yes.'],
  ['<thi', '', '<thi'],
  ['', '', ''],
  ['<thinking>a b c</thinking>Yes.', 'a b c', 'Yes.'],
  ['a b c</think>Yes.', 'a b c', 'Yes.'],
  ['Okay. <think>a b c</think>Yes.', 'a b c', 'Okay. Yes.'],
  ['<THINK>a b c</THINK>Yes.', 'a b c', 'Yes.'],
  ['<think>a b c', 'a b c', ''],
  [
    '<|channel|>analysis<|message|>a b c<|end|><|start|>assistant<|channel|>final<|message|>Yes.',
    'a b c',
    'Yes.',
  ],
  ['Use the <think> tag in HTML.', '', 'Use the <think> tag in HTML.'],
  ['Use the `</think>` tag.', '', 'Use the `</think>` tag.'],
  ['<think>a</think><think>b</think>Yes.', 'ab', 'Yes.'],
  ['[THINK]a b c[/THINK]Yes.', 'a b c', 'Yes.'],
  ['◁think▷a b c◁/think▷Yes.', 'a b c', 'Yes.'],
  [call, '', ''],
  [`\`\`\`json\n${call}\n\`\`\``, '', ''],
  [`[${call},${call}]`, '', ''],
  [`${call}\nThe lamp is on.`, '', 'The lamp is on.'],
  // Of Qwen2.5 Coder 0.5B: a brace too many, a name without quotes, an end that never comes.
  [`${call}}\n${call}, ${call}\nThe lamp is on.`, '', 'The lamp is on.'],
  [`}\n${call}`, '', ''],
  ['{"name": "get_models", "arguments": {}, type:"function"}', '', ''],
  ['{"name": "get_weather", "arguments": {"city":"Oslo", "parameters":{"type":"object"', '', ''],
  ['```json\n{"name": "get_weather", "arguments": {"city":', '', ''],
  ['{"name": "Ada", "born": 1815', '', '{"name": "Ada", "born": 1815'],
  [`<tool_call>\n${call}\n</tool_call>\nThe lamp is on.`, '', 'The lamp is on.'],
  [`Sure.<tool_call>${call}</tool_call>`, '', 'Sure.'],
  [`[TOOL_CALLS] [${call}]`, '', ''],
  ['<|python_tag|>lamp.on()', '', ''],
  ['{"name": "Ada"} is JSON.', '', '{"name": "Ada"} is JSON.'],
  ['{"name', '', '{"name'],
  ['```js\nconst a = 1\n```\nDone.', '', '```js\nconst a = 1\n```\nDone.'],
  ['Sure.<|im_end|>', '', 'Sure.'],
  ['Sure.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nAnything else?', '', 'Sure.'],
  ['<|im_start|>assistant\nSure.<|im_end|>\n<|im_start|>user\nAnd?', '', 'Sure.'],
  ['<|start_header_id|>assistant<|end_header_id|>\n\nSure.', '', 'Sure.'],
  ['<start_of_turn>model\nSure.<end_of_turn>', '', 'Sure.'],
  ['Hello.\nUser: and then?\nAssistant: Fine.', '', 'Hello.'],
  ['Hello.</s>', '', 'Hello.'],
  ['<s>[INST]Hello.[/INST]', '', 'Hello.'],
  ['Hello.<｜end▁of▁sentence｜>', '', 'Hello.'],
  ['  \n\n ', '', ''],
  ['🙂', '', '🙂'],
  ['a < b && b > c', '', 'a < b && b > c'],
]

describe('what a model streams', () => {
  test.each(cases)('%j is cleaned', (reply, thinking, text) => {
    expect(cleaned([reply])).toEqual({ thinking, text })
  })

  test.each(cases)('%j is cleaned letter by letter', (reply, thinking, text) => {
    expect(cleaned([...reply])).toEqual({ thinking, text })
  })

  test.each([
    ['Okay.<think>a</think>', 'Yes.'],
    ['Okay.<think>a</think>', '\n\nYes.'],
    ['Okay.<think>a</think>\n', '\nYes.'],
    ['Okay.<think>a</think>', ' <think>b</think>', 'Yes.'],
  ])('keeps words apart between which something was taken out: %j', (...deltas) => {
    expect(cleaned(deltas).text).toBe('Okay. Yes.')
    expect(cleaned([deltas.join('')]).text).toBe('Okay. Yes.')
  })

  test('is cleaned in the same way wherever the stream cuts it', () => {
    const pieces = ['<think>', '</think>', '<th', 'ink>', '</', '<|im_end|>', '<|', call, '{', '\nUser:', ' ']
    const word = fc.constantFrom(...pieces, '\n', 'a', 'ok. ', '`')
    const cutting = fc.record({ reply: fc.array(word, { maxLength: 12 }), cuts: fc.array(fc.nat(200)) })
    fc.assert(
      fc.property(cutting, ({ reply, cuts }) => {
        const whole = reply.join('')
        const places = [0, ...cuts.map(cut => Math.min(cut, whole.length)), whole.length].toSorted(
          (a, b) => a - b,
        )
        const deltas = places.slice(1).map((end, i) => whole.slice(places[i], end))
        expect(cleaned(deltas)).toEqual(cleaned([whole]))
      }),
    )
  })

  test('is given out as it comes, held back only where something could begin', () => {
    const cleaning = cleanReply()
    expect(cleaning.push('<thi')).toEqual([])
    expect(cleaning.push('nk>Let me')).toEqual([{ type: 'thinking', text: 'Let me' }])
    expect(cleaning.push(' see</th')).toEqual([{ type: 'thinking', text: ' see' }])
    expect(cleaning.push('ink>Yes')).toEqual([{ type: 'text', text: 'Yes' }])
    expect(cleaning.push(' <')).toEqual([{ type: 'text', text: ' ' }])
    expect(cleaning.push(' 5')).toEqual([{ type: 'text', text: '< 5' }])
  })

  test('is thinking from the first letter where the model never opens what it closes', () => {
    expect(cleaned(['a b', ' c</think>Yes.'], true)).toEqual({ thinking: 'a b c', text: 'Yes.' })
    expect(cleaned(['It is', ' ten.'], true).text).toBe('It is ten.')
  })

  test('that talks about numbers, code and other scripts stays as it is', () => {
    // Written for this project, so under its licence.
    const file = new URL('../../fixtures/replies.json', import.meta.url)
    const replies: Record<string, string[]> = JSON.parse(readFileSync(file, 'utf8'))
    for (const kind of ['QV-12', 'QV-13', 'QV-14']) {
      for (const reply of replies[kind] ?? [])
        expect(cleaned([...reply])).toEqual({ thinking: '', text: reply })
    }
  })

  test('costs no time that grows with the square of its length', () => {
    for (const letter of ['a', '<', '[', '{', '`', '\n', '<think>', '</think>']) {
      const cleaning = cleanReply()
      const startedAt = performance.now()
      for (let i = 0; i < 20_000; i++) cleaning.push(letter)
      cleaning.flush()
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    }
  })
})
