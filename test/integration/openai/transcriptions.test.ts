import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { clip } from '../../support/http.ts'
import { openAiEvents, openAiForm, postJson, rowOf, transcribe } from '../../support/openai.ts'
import { startTestApp } from '../../support/testApp.ts'

const transcript = 'What is the time? I am late.'
const start = (script = {}, options = {}) => startTestApp({ script: { transcript, ...script }, ...options })
const multilingual = {
  ...fakeSpeechModel('q8_0', 80e6, false),
  name: 'whisper-base-q8_0',
  languages: 'multilingual' as const,
}

describe('POST /v1/audio/transcriptions', () => {
  test('answers JSON with the text, and leaves a row with its level and times', async () => {
    const server = await start()
    const answer = await transcribe(server, [['model', 'whisper-1']])
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
    expect(answer.json()).toEqual({
      text: transcript,
      usage: { type: 'duration', seconds: 1 },
      languages: [{ code: 'en' }],
    })
    expect(answer.headers['openai-model']).toBe('whisper-tiny.en-q8_0')
    const row = await rowOf(server, answer)
    expect(row).toMatchObject({
      ...{ source: 'openai', outcome: 'completed', transcript, reply: null },
      speech: { model: 'whisper-tiny.en-q8_0', quantization: 'q8_0', audioMs: 1000, inferenceMs: 5 },
      llm: { model: null },
      synthesis: { voice: null },
    })
    expect(row.fromSpeechEnd.transcriptMs).toBeGreaterThan(0)
  })

  // Report 2: srt and vtt came as quoted JSON strings.
  test.each([
    ['text', `${transcript}\n`],
    [
      'srt',
      '1\n00:00:00,100 --> 00:00:00,673\nWhat is the time?\n\n2\n00:00:00,673 --> 00:00:01,000\nI am late.\n',
    ],
    [
      'vtt',
      'WEBVTT\n\n00:00:00.100 --> 00:00:00.673\nWhat is the time?\n\n00:00:00.673 --> 00:00:01.000\nI am late.\n',
    ],
  ])('%s is plain text', async (format, body) => {
    const answer = await transcribe(await start(), [['response_format', format]])
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(answer.body).toBe(body)
  })

  // Reports 1, 3 and 5: text where JSON was asked for, an error without granularities, no words.
  test.each([
    ['none', [], true, false],
    ['word', ['word'], false, true],
    ['segment', ['segment'], true, false],
    ['both', ['word', 'segment'], true, true],
  ] as const)('verbose_json with granularities: %s', async (_which, granularities, hasSegments, hasWords) => {
    const fields = granularities.map((value): [string, string] => ['timestamp_granularities[]', value])
    const answer = await transcribe(await start(), [['response_format', 'verbose_json'], ...fields])
    const { words, segments, ...rest } = answer.json()
    expect(rest).toEqual({
      ...{ task: 'transcribe', language: 'english', duration: 1, text: transcript },
      usage: { type: 'duration', seconds: 1 },
    })
    if (hasWords) {
      expect(words.map(({ word }: { word: string }) => word)).toEqual(transcript.split(' '))
      expect([words[0].start, words.at(-1).end]).toEqual([0.1, 1])
    } else expect(words).toBeUndefined()
    if (hasSegments) {
      expect(segments.map(({ text }: { text: string }) => text)).toEqual([
        ' What is the time?',
        ' I am late.',
      ])
      const numbers = [
        'id',
        'seek',
        'start',
        'end',
        'temperature',
        'avg_logprob',
        'compression_ratio',
        'no_speech_prob',
      ]
      for (const name of numbers) expect([name, segments[1][name]]).toEqual([name, expect.any(Number)])
      expect(segments[1].tokens).toEqual([])
    } else expect(segments).toBeUndefined()
  })

  test('as events: what came, all of it, the end', async () => {
    const answer = await transcribe(await start(), [
      ['model', 'gpt-4o-transcribe'],
      ['stream', 'true'],
    ])
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(openAiEvents(answer.body)).toEqual([
      { type: 'transcript.text.delta', delta: transcript },
      { type: 'transcript.text.done', text: transcript },
    ])
  })

  test('whisper-1 has no events', async () => {
    const answer = await transcribe(await start(), [
      ['stream', 'true'],
      ['model', 'whisper-1'],
    ])
    expect(answer.json().text).toBe(transcript)
  })

  test('silence is an empty text, and a row without speech', async () => {
    const server = await start({ speechMs: 0 })
    const answer = await transcribe(server)
    expect([answer.statusCode, answer.json().text]).toEqual([200, ''])
    expect(await rowOf(server, answer)).toMatchObject({ outcome: 'no-speech', transcript: null })
    const srt = await transcribe(server, [['response_format', 'srt']])
    expect([srt.statusCode, srt.body]).toEqual([200, ''])
  })

  // Report 4: an empty language was an error.
  test.each(['', 'en', 'en-US', 'EN', 'english', 'auto'])('takes the language "%s"', async language => {
    const answer = await transcribe(await start(), [
      ['model', ''],
      ['language', language],
    ])
    expect([answer.statusCode, answer.json().text]).toEqual([200, transcript])
  })

  test('another language is heard by a level that hears it, where one is here', async () => {
    const none = await transcribe(await start(), [['language', 'fil']])
    expect([none.statusCode, none.json().error.code]).toEqual([400, 'invalid_request'])
    const here = await start({}, { dependencies: { speechModels: async () => [multilingual] } })
    const answer = await transcribe(here, [['language', 'fil']])
    expect([answer.statusCode, answer.headers['openai-model']]).toEqual([200, multilingual.name])
  })

  test('ignores what it does not know and takes what SDKs send', async () => {
    const answer = await transcribe(await start(), [
      ['backend', 'x'],
      ['include[]', 'logprobs'],
      ['chunking_strategy', 'auto'],
      ['known_speaker_names[]', 'a'],
      ['known_speaker_names[]', 'b'],
      ['keywords[]', 'Quantvox'],
      ['prompt', 'p'.repeat(10_000)],
      ['temperature', '0'],
      ['languages[]', 'en'],
    ])
    expect(answer.statusCode).toBe(200)
  })

  test('the JSON form of Open WebUI', async () => {
    const server = await start()
    const data = Buffer.from(clip()).toString('base64')
    const answer = await postJson(server, '/v1/audio/transcriptions', {
      ...{ model: 'whisper-1', language: 'en', input_audio: { data, format: 'wav' } },
    })
    expect([answer.statusCode, answer.json().text]).toEqual([200, transcript])
    const short = await postJson(server, '/v1/audio/transcriptions', { input_audio: { data: 'AAAA' } })
    expect([short.statusCode, short.json().error.code]).toEqual([400, 'audio_invalid'])
  })

  test.each([
    ['no file', [['model', 'whisper-1']], 'file'],
    ['a file by another name', [['audio', clip()]], 'file'],
    [
      'two files',
      [
        ['file', clip()],
        ['file', clip()],
      ],
      'file',
    ],
    [
      'a format that there is not',
      [
        ['response_format', 'diarized_json'],
        ['file', clip()],
      ],
      'response_format',
    ],
    [
      'a granularity that there is not',
      [
        ['timestamp_granularities[]', 'letter'],
        ['file', clip()],
      ],
      'timestamp_granularities.0',
    ],
    [
      'a language that there is not',
      [
        ['language', 'klingon'],
        ['file', clip()],
      ],
      'language',
    ],
    [
      'a stream that is neither',
      [
        ['stream', 'maybe'],
        ['file', clip()],
      ],
      'stream',
    ],
    [
      'a model with a very long name',
      [
        ['model', 'm'.repeat(500)],
        ['file', clip()],
      ],
      'model',
    ],
  ] as [string, [string, string | Uint8Array<ArrayBuffer>][], string][])(
    'refuses %s',
    async (_what, parts, param) => {
      const { app, calls } = await start()
      const form = await openAiForm(parts)
      const answer = await app.inject({ method: 'POST', url: '/v1/audio/transcriptions', ...form })
      expect([answer.statusCode, answer.json().error.param]).toEqual([400, param])
      expect([answer.headers['x-should-retry'], calls]).toEqual(['false', []])
    },
  )

  test.each([
    ['nothing', '', 400],
    ['no JSON', '{"input_audio"', 400],
    ['another type', '[]', 400],
    ['no audio', '{"model":"whisper-1"}', 400],
    ['audio of another type', '{"input_audio":{"data":5}}', 400],
    ['too much of it', `{"x":"${'x'.repeat(1_100_000)}"}`, 413],
  ])('refuses JSON with %s', async (_what, body, status) => {
    const answer = await postJson(await start(), '/v1/audio/transcriptions', body)
    expect([answer.statusCode, answer.json().error.type]).toEqual([status, 'invalid_request_error'])
  })

  test('what is no audio is refused, and leaves its row', async () => {
    const server = await start()
    const answer = await transcribe(server, [], { audio: new Uint8Array(Buffer.from('no audio at all')) })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'audio_invalid'])
    expect(await rowOf(server, answer)).toMatchObject({ outcome: 'failed', errorCode: 'audio_invalid' })
  })

  test('an upload past the limit', async () => {
    const server = await start({}, { settings: { MAX_UPLOAD_MB: '1' } })
    const answer = await transcribe(server, [], { audio: clip(40_000) })
    expect([answer.statusCode, answer.json().error.code]).toEqual([413, 'too_large'])
  })

  test('a recognizer that fails is told, with a row', async () => {
    const server = await start({ recognizeError: new QuantvoxError('engine_failed', 'It broke.') })
    const answer = await transcribe(server, [['stream', 'true']])
    expect([answer.statusCode, answer.json().error]).toEqual([
      502,
      { message: 'It broke.', type: 'server_error', param: null, code: 'engine_failed' },
    ])
    expect(await rowOf(server, answer)).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
  })

  test('no more at once than sessions may be', async () => {
    const server = await start({ recognizeMs: 300 }, { settings: { MAX_SESSIONS: '1' } })
    const answers = await Promise.all([transcribe(server), transcribe(server)])
    expect(answers.map(answer => answer.statusCode).toSorted()).toEqual([200, 503])
    expect(answers.find(answer => answer.statusCode === 503)?.headers).toMatchObject({
      'retry-after': '2',
      'x-should-retry': 'true',
    })
    expect((await transcribe(server)).statusCode).toBe(200)
  })
})

describe('POST /v1/audio/translations', () => {
  const path = '/v1/audio/translations'

  test('is English, by a level that hears more than that', async () => {
    const server = await start(
      { language: 'de' },
      { dependencies: { speechModels: async () => [multilingual] } },
    )
    const answer = await transcribe(server, [['response_format', 'verbose_json']], { path })
    expect(answer.json()).toMatchObject({ task: 'translate', language: 'english', text: transcript })
    expect(answer.headers['openai-model']).toBe(multilingual.name)
  })

  test('without one there is nothing to translate', async () => {
    const answer = await transcribe(await start(), [], { path })
    expect([answer.statusCode, answer.json().error.param]).toEqual([400, 'model'])
  })
})
