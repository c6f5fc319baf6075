import { describe, expect, test } from 'vitest'
import { switchTool, type UsableModel } from '../../../server/tools/own/switchTool.ts'
import { failureOf } from '../../support/failureOf.ts'

const never = new AbortController().signal
const model = (name: string, quantization: string | null = null): UsableModel => ({ name, quantization })
const language = [
  model('m:1b', 'Q4_K_M'),
  model('m:1b-instruct-q8_0', 'Q8_0'),
  model('m:1b-instruct-fp16', 'F16'),
  model('m:1b-instruct-q5_0'),
  model('m:1b-instruct-q5_K_M'),
  model('m:10b-instruct-q2_K'),
  model('other:3b-q8_0'),
]
const speech = [model('whisper-tiny.en-q8_0'), model('whisper-tiny.en-q5_1'), model('whisper-base.en-f16')]

async function call(given: Record<string, unknown>, now = 'm:1b') {
  const switched: object[] = []
  const session = {
    timers: { set: () => false, list: () => [], cancel: () => {}, stop: () => [] },
    models: () => ({ speechModel: 'whisper-tiny.en-q8_0', llmModel: now }),
    switchTo: (models: object) => void switched.push(models),
  }
  const models = { speech: null, language: now, voice: 'none' }
  const tool = switchTool({ language: async () => language, speech: async () => speech })
  const user = { turnId: 't', roomBytes: 1e6, models, session }
  return { told: await tool.run(given, never, user), switched }
}

describe('a level that is here', () => {
  test.each([
    ['q8', 'm:1b-instruct-q8_0'],
    ['Q8_0', 'm:1b-instruct-q8_0'],
    ['q8 0', 'm:1b-instruct-q8_0'],
    ['8 bit', 'm:1b-instruct-q8_0'],
    ['8-bits', 'm:1b-instruct-q8_0'],
    ['f16', 'm:1b-instruct-fp16'],
    ['FP16', 'm:1b-instruct-fp16'],
    ['16 bit', 'm:1b-instruct-fp16'],
    ['q5_0', 'm:1b-instruct-q5_0'],
    ['other:3b-Q8_0', 'other:3b-q8_0'],
  ])('%s is %s', async (level, name) => {
    const { told, switched } = await call({ level })
    expect(switched).toEqual([{ llmModel: name }])
    expect(told).toContain(`From the next question on ${name} answers`)
  })

  test('is found from another level', async () => {
    expect((await call({ level: 'q4' }, 'm:1b-instruct-q8_0')).switched).toEqual([{ llmModel: 'm:1b' }])
  })

  test('may be of what hears', async () => {
    const { told, switched } = await call({ level: 'q5', part: 'speech' })
    expect(switched).toEqual([{ speechModel: 'whisper-tiny.en-q5_1' }])
    expect(told).toContain('whisper-tiny.en-q5_1 hears')
  })

  test('is not switched to where it runs already', async () => {
    expect(await call({ level: 'q4_k_m' })).toEqual({
      told: 'It is m:1b that answers already.',
      switched: [],
    })
  })
})

describe('what is not here, or not clear, is told', () => {
  test.each([
    [{ level: 'q6_K' }, 'Of m:1b there is no "q6_K" here. Here are Q4_K_M, q8_0, fp16, q5_0, q5_K_M.'],
    [{ level: 'q2' }, 'there is no "q2" here'],
    [{ level: 'gpt-5:cloud' }, 'there is no "gpt-5:cloud" here'],
    [{ level: 'q5' }, '"q5" may be q5_0 or q5_K_M.'],
    [{ level: 'q8_0', part: 'speech' }, null],
    [
      { level: 'f16', part: 'speech' },
      'Of whisper-tiny.en-q8_0 there is no "f16" here. Here are q8_0, q5_1.',
    ],
    [{ level: '' }, 'Say which level'],
    [{}, 'Say which level'],
    [{ level: ['q8'] }, 'Say which level'],
    [{ level: '...' }, 'there is no "..." here'],
  ])('%j', async (given, why) => {
    if (why === null) expect((await call(given)).told).toContain('already')
    else expect((await failureOf(call(given))).message).toContain(why)
  })
})

test('is put to the user first, and only live sessions are switched', async () => {
  const tool = switchTool({ language: async () => language, speech: async () => speech })
  expect(tool.policy).toBe('confirm')
  const user = { turnId: 't', roomBytes: 1e6, session: null }
  const models = { speech: null, language: 'm:1b', voice: 'none' }
  const { message } = await failureOf(tool.run({ level: 'q8' }, never, { ...user, models }))
  expect(message).toContain('each request names its own models')
})
