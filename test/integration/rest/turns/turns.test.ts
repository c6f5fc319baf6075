import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { decodeAudio } from '../../../../server/audio/decodeAudio.ts'
import { TurnMessage } from '../../../../server/protocol/messages.ts'
import { StoredTurn, TurnRecord } from '../../../../server/protocol/record.ts'
import { TurnAnswer } from '../../../../server/protocol/turns.ts'
import { ask, askText, messagesOf, until, wantsEvents } from '../../../support/http.ts'
import { startTestApp, type TestApp } from '../../../support/testApp.ts'
import { wavBytes } from '../../../support/wavBytes.ts'

const answerSchema = Compile(TurnAnswer)
const recordSchema = Compile(TurnRecord)
const storedSchema = Compile(StoredTurn)
const messageSchema = Compile(TurnMessage)

const storedTurn = async ({ app }: TestApp, turnId: string): Promise<StoredTurn> =>
  (await app.inject(`/v1/turns/${turnId}`)).json()

describe('an asked clip', () => {
  test('is answered in JSON with transcript, reply, spoken reply and timings', async () => {
    const server = await startTestApp()
    const response = await ask(server.app)
    expect(response.statusCode).toBe(200)
    const answer: TurnAnswer = response.json()
    expect(answerSchema.Errors(answer)[1]).toEqual([])
    expect(answer).toMatchObject({
      transcript: 'What is the time?',
      reply: 'It is ten past nine. Good evening.',
      audio: { url: `/v1/turns/${answer.turnId}/reply.wav`, mimeType: 'audio/wav' },
      timings: {
        turnId: answer.turnId,
        outcome: 'completed',
        source: 'rest',
        errorCode: null,
        sessionId: null,
      },
    })
    expect(server.calls).toEqual([
      'recognize whisper-tiny.en-q8_0',
      'respond',
      'speak It is ten past nine.',
      'speak Good evening.',
    ])
  })

  test('fills its record: models, levels, times in the order of what happened, memory', async () => {
    const server = await startTestApp()
    const { timings }: TurnAnswer = (await ask(server.app)).json()
    expect(recordSchema.Errors(timings)[1]).toEqual([])
    expect(timings).toMatchObject({
      speech: {
        model: 'whisper-tiny.en-q8_0',
        quantization: 'q8_0',
        digest: 'a'.repeat(64),
        audioMs: 1000,
        speechMs: 900,
        passes: 1,
        cold: false,
        engine: 'fake',
      },
      llm: {
        model: 'fake:1b-q4_K_M',
        quantization: 'Q4_K_M',
        parameterSize: '1B',
        digest: 'f'.repeat(64),
        promptTokens: 30,
        outputTokens: 6,
        tokensPerSecond: 600,
        residualMs: 3,
        doneReason: 'stop',
        cold: false,
        host: 'http://127.0.0.1:11434',
      },
      synthesis: { voice: 'flite:slt', digest: 'd'.repeat(64), quantization: null, audioMs: 600 },
      memory: { speechResidentBytes: 100_000_000, llmResidentBytes: 800_000_000, llmMemorySource: 'process' },
    })
    const { transcriptMs, firstTokenMs, firstClauseMs, firstAudioMs, replyDoneMs } = timings.fromSpeechEnd
    const order = [0, transcriptMs, firstTokenMs, firstClauseMs, firstAudioMs]
    expect(order.toSorted((a, b) => (a ?? Number.NaN) - (b ?? Number.NaN))).toEqual(order)
    expect(replyDoneMs).toBeGreaterThan(firstTokenMs ?? Number.NaN)
    expect(timings.llm.timeToFirstTokenMs).toBeLessThanOrEqual((firstTokenMs ?? 0) - (transcriptMs ?? 0))
  })

  test('is found in the record, whole and with its words', async () => {
    const server = await startTestApp()
    const answer: TurnAnswer = (await ask(server.app)).json()
    const { items } = (await server.app.inject('/v1/turns')).json()
    const words = { transcript: answer.transcript, reply: answer.reply, heardText: answer.reply }
    expect(items).toEqual([{ ...answer.timings, ...words }])
    expect(storedSchema.Errors(items[0])[1]).toEqual([])
    expect(await storedTurn(server, answer.turnId)).toEqual(items[0])
  })

  test('has a spoken reply that is a WAV file of the announced length', async () => {
    const server = await startTestApp()
    const { audio }: TurnAnswer = (await ask(server.app)).json()
    const wav = await server.app.inject(audio?.url ?? '')
    expect([wav.statusCode, wav.headers['content-type']]).toEqual([200, 'audio/wav'])
    const limits = { maxBytes: 1e7, maxSeconds: 60 }
    const decoded = await decodeAudio(wav.rawPayload, limits, new AbortController().signal)
    expect(decoded.durationMs).toBe(audio?.durationMs)
    expect(Math.max(...decoded.samples)).toBeGreaterThan(7000)
  })

  test('comes as events in the order of the socket, each as the protocol describes it', async () => {
    const server = await startTestApp()
    const response = await ask(server.app, {}, undefined, wantsEvents)
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/)
    const messages = messagesOf(response.body)
    for (const message of messages) expect(messageSchema.Errors(message)[1]).toEqual([])
    const types = messages.map(message => message.type)
    expect(types.filter(type => !type.startsWith('audio.'))).toEqual([
      'transcript.final',
      ...server.script.reply.map(() => 'reply.delta'),
      'reply.done',
      'turn.done',
    ])
    expect(types.indexOf('audio.started')).toBeGreaterThan(types.indexOf('reply.delta'))
    expect(types.slice(-2)).toEqual(['audio.done', 'turn.done'])
    const deltas = messages.flatMap(message => (message.type === 'reply.delta' ? [message.text] : []))
    expect(deltas.join('')).toBe('It is ten past nine. Good evening.')
    const turnIds = new Set(messages.map(message => message.turnId))
    expect(turnIds.size).toBe(1)
    expect(messages.at(-1)).toMatchObject({ outcome: 'completed', timings: { turnId: [...turnIds][0] } })
  })

  test('in a language that an English-only model does not hear is told, and not answered', async () => {
    const server = await startTestApp({ script: { transcript: '', language: 'und' } })
    const answer: TurnAnswer = (await ask(server.app)).json()
    expect(answerSchema.Errors(answer)[1]).toEqual([])
    expect(answer).toMatchObject({
      ...{ transcript: '', reply: '', timings: { outcome: 'no-speech', speech: { language: 'und' } } },
      hints: [{ hint: 'english-only', message: expect.stringContaining('English only') }],
    })
    expect((await storedTurn(server, answer.turnId)).speech.language).toBe('und')
    expect(server.calls).not.toContain('respond')
  })

  test('uses the models, voice and language of its form', async () => {
    const server = await startTestApp()
    const fields = {
      speechModel: 'whisper-base-q4_0',
      llmModel: 'other:2b-q8_0',
      voice: 'flite:rms',
      language: 'de',
    }
    const { timings }: TurnAnswer = (await ask(server.app, fields)).json()
    expect([timings.speech.model, timings.speech.quantization]).toEqual(['whisper-base-q4_0', 'q4_0'])
    expect([timings.llm.model, timings.synthesis.voice]).toEqual(['other:2b-q8_0', 'flite:rms'])
    expect(server.calls[0]).toBe('recognize whisper-base-q4_0')
  })
})

describe('a typed question', () => {
  test('is answered without the ears', async () => {
    const server = await startTestApp()
    const answer: TurnAnswer = (await askText(server.app, { text: '  Hello there. ' })).json()
    expect(answer).toMatchObject({
      transcript: 'Hello there.',
      timings: {
        outcome: 'completed',
        fromSpeechEnd: { transcriptMs: null },
        speech: { model: null, audioMs: null, quantization: null },
      },
    })
    expect(server.calls[0]).toBe('respond')
  })

  test('comes as events without a transcript', async () => {
    const server = await startTestApp()
    const messages = messagesOf((await askText(server.app, { text: 'Hi' }, wantsEvents)).body)
    expect(messages[0]?.type).toBe('reply.delta')
    expect(messages.map(message => message.type)).not.toContain('transcript.final')
  })
})

test.each(['none', 'browser'])('with the voice "%s" nothing is spoken here', async voice => {
  const server = await startTestApp()
  const answer: TurnAnswer = (await askText(server.app, { text: 'Hi', voice })).json()
  expect(answer.audio).toBeUndefined()
  expect(answer.timings).toMatchObject({
    fromSpeechEnd: { firstAudioMs: null },
    synthesis: { voice, digest: null, quantization: null, audioMs: null, inferenceMs: null },
  })
  const link = await server.app.inject(`/v1/turns/${answer.turnId}/reply.wav`)
  expect([link.statusCode, link.json().code]).toEqual([404, 'not_found'])
  const messages = messagesOf((await askText(server.app, { text: 'Hi', voice }, wantsEvents)).body)
  expect(messages.filter(message => message.type.startsWith('audio.'))).toEqual([])
})

test('the link in audio.done works as soon as it is sent', async () => {
  const server = await startTestApp()
  // The figures that the end of a turn waits for come late.
  const figures = await server.stages.memory(null, null)
  server.stages.memory = () => new Promise(resolve => setTimeout(resolve, 300, figures))
  const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
  const response = await fetch(`${url}/v1/turns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...wantsEvents },
    body: JSON.stringify({ text: 'Hi' }),
  })
  let body = ''
  let link: Response | undefined
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    body += part
    const path = /"url":"([^"]+)"/.exec(body)?.[1]
    if (path !== undefined) link ??= await fetch(url + path)
  }
  expect(link?.status).toBe(200)
  expect((await link?.arrayBuffer())?.byteLength).toBeGreaterThan(44)
})

describe('a conversation', () => {
  test('goes on under its id: the next prompt holds what was said and answered', async () => {
    const server = await startTestApp()
    const first: TurnAnswer = (await askText(server.app, { text: 'My name is Ada.' })).json()
    const { conversationId } = first
    const second: TurnAnswer = (
      await askText(server.app, { text: 'What is my name?', conversationId })
    ).json()
    expect(second.conversationId).toBe(conversationId)
    expect(second.turnId).not.toBe(first.turnId)
    expect(server.lastPrompt()).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'My name is Ada.' },
      { role: 'assistant', content: first.reply },
      { role: 'user', content: 'What is my name?' },
    ])
    const { items } = (await server.app.inject(`/v1/turns?conversationId=${conversationId}`)).json()
    expect(items.map((turn: StoredTurn) => turn.turnId)).toEqual([second.turnId, first.turnId])
  })

  test('begins anew without an id, and under the given id if that is unknown', async () => {
    const server = await startTestApp()
    const first: TurnAnswer = (await askText(server.app, { text: 'One' })).json()
    const other: TurnAnswer = (await askText(server.app, { text: 'Two' })).json()
    expect(other.conversationId).not.toBe(first.conversationId)
    expect(server.lastPrompt()).toHaveLength(2)
    const named: TurnAnswer = (
      await askText(server.app, { text: 'Three', conversationId: 'my-own_id' })
    ).json()
    expect(named.conversationId).toBe('my-own_id')
    expect(server.lastPrompt()).toHaveLength(2)
  })

  test('does not remember a turn that failed', async () => {
    const server = await startTestApp({ script: { respondError: new Error('boom'), respondErrorAfter: 2 } })
    await askText(server.app, { text: 'Lost', conversationId: 'c' })
    server.script.respondError = null
    await askText(server.app, { text: 'Kept', conversationId: 'c' })
    expect(server.lastPrompt().map(message => message.content)).toEqual(['Be short.', 'Kept'])
  })
})

describe('a clip in which nothing was said', () => {
  test.each([
    ['voice activity finds no speech', { speechMs: 0 }],
    ['the recognizer finds no words', { transcript: '' }],
  ])('is no-speech when %s, and the LLM is not asked', async (_why, script) => {
    const server = await startTestApp({ script })
    const response = await ask(server.app)
    expect(response.statusCode).toBe(200)
    const answer: TurnAnswer = response.json()
    expect(answerSchema.Errors(answer)[1]).toEqual([])
    expect(answer).toMatchObject({
      transcript: '',
      reply: '',
      timings: { outcome: 'no-speech', errorCode: null },
    })
    expect(answer.audio).toBeUndefined()
    expect(server.calls).not.toContain('respond')
    expect(await storedTurn(server, answer.turnId)).toMatchObject({ outcome: 'no-speech', transcript: null })
  })

  test('is no-speech when it holds no samples at all', async () => {
    const server = await startTestApp({ script: { speechMs: 0 } })
    const empty = new Uint8Array(wavBytes({ audio: Buffer.alloc(0) }))
    const answer: TurnAnswer = (await ask(server.app, {}, empty)).json()
    expect(answer.timings).toMatchObject({ outcome: 'no-speech', speech: { audioMs: 0, speechMs: 0 } })
    expect(server.calls).toEqual([])
  })

  test('over events is one turn.done and nothing else', async () => {
    const server = await startTestApp({ script: { speechMs: 0 } })
    const messages = messagesOf((await ask(server.app, {}, undefined, wantsEvents)).body)
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatchObject({ type: 'turn.done', outcome: 'no-speech' })
  })

  test('stops the recognizer that had begun beside voice activity', async () => {
    const server = await startTestApp({ script: { speechMs: 0, recognizeMs: 10_000 } })
    await ask(server.app)
    await until(() => server.calls.length === 2, 1_000)
    expect(server.calls[1]).toBe('recognize whisper-tiny.en-q8_0 aborted')
  })
})
