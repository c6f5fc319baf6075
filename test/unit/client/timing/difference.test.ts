import { describe, expect, test } from 'vitest'
import { differenceInWords, differenceOf } from '../../../../client/conversation/difference.ts'
import type { TurnRecord } from '../../../../server/protocol/record.ts'
import { levelName } from '../../../../server/shared/quantization.ts'
import { makeTurn } from '../../../support/record/records.ts'

type Made = {
  llm?: string
  speech?: string | null
  playedMs?: number
  llmBytes?: number
  speechBytes?: number | null
  perSecond?: number
  cold?: boolean
  voice?: string
}

function turn({
  llm = 'a:1b-q4_K_M',
  speech = 'tiny-q8_0',
  playedMs = 800,
  llmBytes = 500e6,
  speechBytes = 100e6,
  perSecond = 30,
  cold = false,
  voice = 'flite:slt',
}: Made): TurnRecord {
  const { record } = makeTurn(1)
  const level = (name: string) => name.split('-').at(-1) ?? ''
  return {
    ...record,
    outcome: 'completed',
    fromSpeechEnd: { ...record.fromSpeechEnd, firstTokenMs: playedMs / 2, playbackStartedMs: playedMs },
    llm: { ...record.llm, model: llm, quantization: level(llm), cold, tokensPerSecond: perSecond },
    speech: {
      ...record.speech,
      ...{ model: speech, quantization: speech === null ? null : level(speech), cold: false },
    },
    synthesis: { ...record.synthesis, voice },
    memory: { ...record.memory, llmResidentBytes: llmBytes, speechResidentBytes: speechBytes },
  }
}

const words = (record: TurnRecord, ...before: TurnRecord[]) => {
  const difference = differenceOf(record, before)
  return difference === null ? null : differenceInWords(difference)
}

describe('the difference to the last turn at another level', () => {
  test('says time, memory and speed, and what is compared', () => {
    const q8 = turn({ llm: 'a:1b-q8_0', playedMs: 1025, llmBytes: 539e6, perSecond: 24 })
    expect(words(q8, turn({}), turn({ llm: 'a:1b-q8_0' }))).toBe(
      'q8_0: +225 ms, +39 MB, −6 tokens/s against q4_K_M',
    )
    expect(words(turn({}), q8)).toBe('q4_K_M: −225 ms, −39 MB, +6 tokens/s against q8_0')
  })

  test('says nothing of memory where only one turn has that of speech, and that of answers where neither has', () => {
    const here = { llm: 'a:1b-q8_0', llmBytes: 539e6 }
    expect(words(turn({ ...here, speechBytes: null }), turn({}))).toBe('q8_0: same time against q4_K_M')
    expect(words(turn({ ...here, speechBytes: null }), turn({ speechBytes: null }))).toBe(
      'q8_0: same time, +39 MB against q4_K_M',
    )
  })

  test('is not there without such a turn', () => {
    expect(words(turn({}))).toBeNull()
    expect(words(turn({}), turn({}))).toBeNull()
  })

  test('names levels of speech, and whole models where they are others', () => {
    expect(words(turn({ speech: 'tiny-f16' }), turn({}))).toBe('f16: same time, same memory against q8_0')
    expect(words(turn({ llm: 'b:2b-q8_0' }), turn({}))).toMatch(/^b:2b-q8_0: .* against a:1b-q4_K_M$/)
    expect(words(turn({ llm: 'a:1b-q8_0', speech: 'tiny-f16' }), turn({}))).toMatch(
      /^q8_0 · f16: .* against q4_K_M · q8_0$/,
    )
  })

  test('is to a turn that loaded nothing and was asked in the same way', () => {
    const before = [turn({}), turn({ speech: null }), turn({ llm: 'a:1b-f16', cold: true })]
    expect(words(turn({ llm: 'a:1b-q8_0' }), ...before)).toMatch(/against q4_K_M$/)
    expect(words(turn({ llm: 'a:1b-q8_0', cold: true, playedMs: 9000 }), turn({}))).toMatch(
      /^q8_0: \+8,200 ms.*\(with the loading of a model\)$/,
    )
  })

  test('of turns with different voices is that of the first token', () => {
    const other = turn({ llm: 'a:1b-q8_0', voice: 'none', playedMs: 900 })
    expect(words(other, turn({}))).toMatch(/^q8_0: \+50 ms/)
  })

  test('of a turn that was not answered is not there', () => {
    expect(words({ ...turn({ llm: 'a:1b-q8_0' }), outcome: 'failed' }, turn({}))).toBeNull()
  })
})

test.each([
  ['Q4_K_M', 'q4_K_M'],
  ['q4_k_m', 'q4_K_M'],
  ['FP16', 'f16'],
  ['F16', 'f16'],
  ['bf16', 'bf16'],
  ['Q8_0', 'q8_0'],
  ['int8', 'int8'],
  ['IQ4_XS', 'iq4_XS'],
])('%s is spelled %s', (written, spelled) => {
  expect(levelName(written)).toBe(spelled)
})
