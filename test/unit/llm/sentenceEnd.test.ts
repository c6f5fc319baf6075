import { describe, expect, test } from 'vitest'
import { endShare, promptUpTo, templateIn } from '../../../server/llm/sentenceEnd.ts'

const chatMl =
  '<|im_start|>system\nQVSYSTEM<|im_end|>\n<|im_start|>user\nQVFIRST<|im_end|>\n<|im_start|>assistant\nQVREPLY<|im_end|>\n' +
  '<|im_start|>user\nQVSECOND<|im_end|>\n<|im_start|>assistant\nQVAGAIN<|im_end|>\n' +
  '<|im_start|>user\nQVLAST<|im_end|>\n<|im_start|>assistant\n'
const system = { role: 'system' as const, content: 'Be brief.' }
const user = (content: string) => ({ role: 'user' as const, content })
const assistant = (content: string) => ({ role: 'assistant' as const, content })

describe('the prompt up to the last word', () => {
  const template = templateIn(chatMl)
  test('is as the template writes it, without what a recognizer put behind it', () => {
    if (template === null) return expect.fail('the template is not understood')
    const messages = [system, user('Hello.'), assistant('Hi.'), user('What is the capital of?')]
    expect(promptUpTo(messages, template)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello.<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n' +
        '<|im_start|>user\nWhat is the capital of',
    )
  })

  test('is none of a conversation that no template was read for', () => {
    if (template === null) return expect.fail('the template is not understood')
    expect(promptUpTo([user('Hello')], template)).toBeNull()
    expect(promptUpTo([system], template)).toBeNull()
    expect(promptUpTo([system, user('Hello'), user('again')], template)).toBeNull()
    expect(promptUpTo([system, assistant('Hello')], template)).toBeNull()
  })
})

describe('a template', () => {
  test('is understood where the system prompt stands in the first question, too', () => {
    const folded =
      '<s>[INST] QVSYSTEM\n\nQVFIRST[/INST] QVREPLY</s>[INST] QVSECOND[/INST] QVAGAIN</s>[INST] QVLAST[/INST]'
    expect(templateIn(folded)).toEqual({
      ...{ start: '<s>[INST] ', afterSystem: '\n\n', afterUser: '[/INST] ', afterAssistant: '</s>[INST] ' },
    })
  })

  test.each([
    ['nothing', ''],
    ['marks that are missing', chatMl.replace('QVREPLY', '')],
    ['marks in another order', chatMl.replace('QVFIRST', 'QVLAST')],
    ['marks that stand twice', `${chatMl}QVLAST`],
    ['another end of the second question', chatMl.replace('QVSECOND', 'QVSECOND /no_think')],
  ])('is not, of %s', (_what, rendered) => {
    expect(templateIn(rendered)).toBeNull()
  })
})

describe('what may come next', () => {
  const template = { afterUser: '<|im_end|>\n<|im_start|>assistant\n' }
  const share = (...top: [token: string, probability: number][]) =>
    endShare(
      { chosen: 'x', top: top.map(([token, probability]) => ({ token, logprob: Math.log(probability) })) },
      template,
    )

  test('ends the sentence by a mark, a new line or the end of the message', () => {
    expect(share(['?', 0.5], [' the', 0.25], ['.', 0.125])).toBeCloseTo(0.625)
    expect(share(['<|im_end|>', 0.5], ['\n', 0.25], ['。', 0.125])).toBeCloseTo(0.875)
  })

  test('goes on by a word, a comma or a blank', () => {
    expect(share([' the', 0.5], [',', 0.25], [' ', 0.125])).toBe(0)
  })

  test('is an end where the model says nothing more, and nothing where Ollama does not tell', () => {
    expect(endShare({ chosen: null, top: [] }, template)).toBe(1)
    expect(endShare(null, template)).toBeNull()
  })
})
