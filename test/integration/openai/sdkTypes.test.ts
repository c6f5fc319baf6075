import Value from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { openAiEvents, postJson, transcribe } from '../../support/openai.ts'
import { answers } from '../../support/openaiAnswers.ts'
import { startTestApp } from '../../support/testApp.ts'

const chat = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'What is the time?' }]
const tools = [{ type: 'function', function: { name: 'get_time', parameters: { type: 'object' } } }]
const call = { id: 'call_1', name: 'get_time', arguments: { city: 'Oslo' } }
const multilingual = {
  ...fakeSpeechModel('q8_0', 80e6, false),
  ...{ name: 'whisper-base-q8_0', languages: 'multilingual' as const },
}
const spoken = (format: string) => ({ modalities: ['text', 'audio'], audio: { voice: 'alloy', format } })

/** Throws with what is missing, of another type or unknown to the SDK. */
function expectAnswers(name: keyof typeof answers, ...values: unknown[]): void {
  expect(values).not.toEqual([])
  for (const value of values) expect([value, Value.Errors(answers[name], value)]).toEqual([value, []])
}

describe('answers of chat', () => {
  test.each([
    ['in text', {}],
    ['in text with its usage', { stream_options: { include_usage: true } }],
    ['that call a function', { tools }],
    ['in sound', spoken('pcm16')],
  ])('%s, whole and as chunks', async (_which, options) => {
    const toolCalls = 'tools' in options ? [[call], [call]] : []
    const server = await startTestApp({ script: { toolCalls } })
    const body = { model: 'gpt-4o', messages, ...options }
    expectAnswers('completion', (await postJson(server, chat, body)).json())
    const streamed = await postJson(server, chat, { ...body, stream: true })
    expectAnswers('chunk', ...openAiEvents(streamed.body))
  })
})

describe('answers of hearing', () => {
  test.each([
    ['json', []],
    ['verbose_json', []],
    ['verbose_json', ['word']],
    ['verbose_json', ['word', 'segment']],
  ])('%s with granularities %j', async (format, granularities) => {
    const fields = granularities.map((value): [string, string] => ['timestamp_granularities[]', value])
    const answer = await transcribe(await startTestApp(), [['response_format', format], ...fields])
    expectAnswers(format === 'json' ? 'transcription' : 'verboseTranscription', answer.json())
  })

  test.each(['text', 'srt', 'vtt'])('%s is a text, as the SDK gives it', async format => {
    const answer = await transcribe(await startTestApp(), [['response_format', format]])
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
  })

  test('as events', async () => {
    const fields: [string, string][] = [
      ['model', 'gpt-4o-transcribe'],
      ['stream', 'true'],
    ]
    expectAnswers(
      'transcriptionEvent',
      ...openAiEvents((await transcribe(await startTestApp(), fields)).body),
    )
  })

  test.each(['json', 'verbose_json'])('a translation as %s', async format => {
    const path = '/v1/audio/translations'
    const server = await startTestApp({ dependencies: { speechModels: async () => [multilingual] } })
    const answer = await transcribe(server, [['response_format', format]], { path })
    expectAnswers(format === 'json' ? 'translation' : 'verboseTranslation', answer.json())
  })
})

test('models, and one of them', async () => {
  const { app } = await startTestApp()
  const list = await app.inject('/v1/models')
  expectAnswers('models', list.json())
  const [first] = list.json().data
  expectAnswers('model', (await app.inject(`/v1/models/${first.id}`)).json())
})

test.each([
  [chat, { model: 'gpt-4o' }],
  ['/v1/audio/speech', { input: '' }],
  ['/v1/audio/transcriptions', {}],
])('an error of %s', async (path, body) => {
  const answer = await postJson(await startTestApp(), path, body)
  expect(answer.statusCode).toBeGreaterThanOrEqual(400)
  expectAnswers('error', answer.json())
})
