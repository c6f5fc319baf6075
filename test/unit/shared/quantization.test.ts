import { expect, test } from 'vitest'
import { quantizationIn, withoutQuantization } from '../../../server/shared/quantization.ts'

test.each([
  ['smollm2:135m-instruct-q4_K_M', 'smollm2:135m-instruct', 'q4_K_M'],
  ['llama3.2:1b-instruct-fp16', 'llama3.2:1b-instruct', 'fp16'],
  ['gemma3:1b-it-qat', 'gemma3:1b-it-qat', null],
  ['qwen3:0.6b', 'qwen3:0.6b', null],
  ['x:7b-iq2_xxs', 'x:7b', 'iq2_xxs'],
  ['x:7b-BF16', 'x:7b', 'BF16'],
  ['x:7b-f32', 'x:7b', 'f32'],
  ['gpt-oss:20b-mxfp4', 'gpt-oss:20b', 'mxfp4'],
  ['whisper-tiny.en-q8_0', 'whisper-tiny.en', 'q8_0'],
  ['whisper-base-f16', 'whisper-base', 'f16'],
])('%s is a level of %s', (name, model, level) => {
  expect(withoutQuantization(name)).toBe(model)
  expect(quantizationIn(name)).toBe(level)
})
