import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ErrorCode, errorTable, QuantvoxError } from '../../../server/errors.ts'
import type { TurnAnswer } from '../../../server/protocol/turns.ts'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'
import { ask, askText, messagesOf, wantsEvents } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

/** What every voice does before it says a clause. */
function beforeSpeaking({ stages }: TestApp, first: (clause: string, signal: AbortSignal) => Promise<void>) {
  const { voice } = stages
  stages.voice = name => {
    const spoken = voice(name)
    if (spoken.kind !== 'speak') return spoken
    return {
      ...spoken,
      async *speak(clause, signal) {
        await first(clause, signal)
        yield* spoken.speak(clause, signal)
      },
    }
  }
}

const rows = async ({ stages }: TestApp) => (await stages.store.list({}, 100)).items

describe('an engine that fails', () => {
  const codes: ErrorCode[] = ['engine_unavailable', 'engine_failed', 'engine_timeout', 'context_exceeded']

  test.each(codes)(
    'while it answers gives the status of %s, and a row with what was said before',
    async code => {
      const server = await startTestApp()
      server.script.respondError = new QuantvoxError(code, 'It broke.', { meaning: 'M.', mend: 'Mend it.' })
      server.script.respondErrorAfter = 3
      const response = await ask(server.app)
      expect(response.statusCode).toBe(errorTable[code].http)
      const problem = response.json()
      expect(problem).toMatchObject({ code, detail: 'It broke.', meaning: 'M.', mend: 'Mend it.' })
      expect(await rows(server)).toEqual([
        expect.objectContaining({
          turnId: problem.turnId,
          outcome: 'failed',
          errorCode: code,
          transcript: 'What is the time?',
          reply: 'It is ten past',
          heardText: null,
          llm: expect.objectContaining({ model: 'fake:1b-q4_K_M', timeToFirstTokenMs: expect.any(Number) }),
        }),
      ])
    },
  )

  test.each(codes.slice(0, 3))(
    'while it hears gives the status of %s, and the LLM is not asked',
    async code => {
      const server = await startTestApp({ script: { recognizeError: new QuantvoxError(code, 'It broke.') } })
      const response = await ask(server.app)
      expect(response.statusCode).toBe(errorTable[code].http)
      expect(server.calls).not.toContain('respond')
      expect(await rows(server)).toEqual([
        expect.objectContaining({ outcome: 'failed', errorCode: code, transcript: null, reply: null }),
      ])
      expect((await rows(server))[0]?.speech).toMatchObject({ model: 'whisper-tiny.en-q8_0', audioMs: 1000 })
    },
  )

  test('over events gives an error and the end of the turn, after what was said before', async () => {
    const server = await startTestApp()
    server.script.respondError = new QuantvoxError('engine_failed', 'It broke.')
    server.script.respondErrorAfter = 2
    const messages = messagesOf((await askText(server.app, { text: 'Hi' }, wantsEvents)).body)
    const types = messages.map(message => message.type).filter(type => !type.startsWith('audio'))
    expect(types).toEqual(['reply.delta', 'reply.delta', 'error', 'turn.done'])
    expect(messages.at(-2)).toMatchObject({ code: 'engine_failed', recoverable: true })
    expect(messages.at(-1)).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
  })

  test('says Retry-After where it knows when to', async () => {
    const server = await startTestApp()
    server.script.respondError = new QuantvoxError('model_loading', 'It loads.', { retryAfterSeconds: 7 })
    const response = await askText(server.app, { text: 'Hi' })
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '7'])
  })

  test('in a way that nobody foresaw is internal: logged with its cause, which the client does not see', async () => {
    const server = await startTestApp({ script: { recognizeError: new TypeError('secret detail') } })
    const response = await ask(server.app)
    expect([response.statusCode, response.json().code]).toEqual([500, 'internal'])
    expect(response.body).not.toContain('secret detail')
    expect(await rows(server)).toEqual([
      expect.objectContaining({ outcome: 'failed', errorCode: 'internal' }),
    ])
    const logged = server.logLines.filter(line => JSON.parse(line).level >= 50)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('secret detail')
  })

  test('does not spoil the next turn', async () => {
    const server = await startTestApp({
      script: { recognizeError: new QuantvoxError('engine_failed', 'It died.') },
    })
    expect((await ask(server.app)).statusCode).toBe(502)
    server.script.recognizeError = null
    expect((await ask(server.app)).statusCode).toBe(200)
  })
})

describe('a voice that fails', () => {
  test('leaves the turn its text, in the answer, the row and the history', async () => {
    const error = new QuantvoxError('engine_failed', 'flite died.', { mend: 'Mend it.' })
    const server = await startTestApp({ script: { synthesizeError: error } })
    const reply = 'It is ten past nine. Good evening.'
    const response = await askText(server.app, { text: 'Hi' })
    expect(response.statusCode).toBe(200)
    const answer: TurnAnswer = response.json()
    expect(answer).toMatchObject({
      reply,
      hints: [{ hint: 'not-spoken', message: expect.stringContaining('flite died.'), mend: 'Mend it.' }],
      timings: { outcome: 'completed', errorCode: 'engine_failed' },
    })
    expect(answer.audio).toBeUndefined()
    expect(await rows(server)).toEqual([
      expect.objectContaining({ outcome: 'completed', errorCode: 'engine_failed', reply, heardText: reply }),
    ])
    const { conversationId } = answer
    server.script.synthesizeError = null
    expect((await askText(server.app, { text: 'And now?', conversationId })).json().audio).toBeDefined()
    expect(server.lastPrompt()).toContainEqual({ role: 'assistant', content: reply })
  })

  test('at one clause only costs that clause', async () => {
    const server = await startTestApp()
    beforeSpeaking(server, async clause => {
      if (clause.includes('nine')) throw new QuantvoxError('engine_failed', 'It cannot say nine.')
    })
    const messages = messagesOf((await askText(server.app, { text: 'Hi' }, wantsEvents)).body)
    expect(messages.find(({ type }) => type === 'hint')).toMatchObject({ hint: 'not-spoken' })
    expect(messages.find(({ type }) => type === 'audio.done')).toMatchObject({ audioMs: 300 })
    expect(messages.at(-1)).toMatchObject({ outcome: 'completed', errorCode: 'engine_failed' })
  })

  test('is silent once its turn has failed for another reason', async () => {
    const server = await startTestApp()
    beforeSpeaking(server, (_clause, signal) => sleep(100, undefined, { signal }))
    server.script.respondError = new QuantvoxError('engine_failed', 'It broke.')
    server.script.respondErrorAfter = 5
    const { body } = await askText(server.app, { text: 'Hi' }, wantsEvents)
    expect(messagesOf(body).at(-1)).toMatchObject({ type: 'turn.done', outcome: 'failed' })
    await sleep(150)
    expect(server.calls.filter(call => call.startsWith('speak'))).toEqual([])
  })

  test('that there is not is told the nearest before anything is heard', async () => {
    const server = await startTestApp()
    const response = await ask(server.app, { voice: 'flite:stl' })
    expect([response.statusCode, response.json().code]).toEqual([404, 'model_not_found'])
    expect(response.json().mend).toMatch(/nearest is "flite:slt"/)
    expect(server.calls).toEqual([])
    expect(await rows(server)).toEqual([
      expect.objectContaining({ outcome: 'failed', errorCode: 'model_not_found' }),
    ])
  })

  test('of a speech server that is not set says so', async () => {
    const server = await startTestApp()
    const response = await askText(server.app, { text: 'Hi', voice: 'remote:amy' })
    expect([response.statusCode, response.json().code]).toEqual([503, 'engine_unavailable'])
    expect(response.json().meaning).toMatch(/SYNTHESIS_URL/)
  })
})

describe('a model that is not there', () => {
  test('is model_not_found with the nearest and the command, and its row names it', async () => {
    const server = await startTestApp()
    server.stages.languageModel = async name => {
      throw new QuantvoxError('model_not_found', `The language model "${name}" is not installed.`, {
        mend: `Run "npx quantvox models pull ${name}".`,
      })
    }
    const response = await askText(server.app, { text: 'Hi', llmModel: 'nope:1b' })
    expect([response.statusCode, response.json().code]).toEqual([404, 'model_not_found'])
    expect(response.json().mend).toContain('models pull nope:1b')
    expect((await rows(server))[0]).toMatchObject({
      outcome: 'failed',
      llm: { model: 'nope:1b', quantization: null },
    })
  })

  test('is known before the clip is heard to its end', async () => {
    const server = await startTestApp({ script: { recognizeMs: 20_000 } })
    server.stages.languageModel = async () => {
      throw new QuantvoxError('model_not_found', 'It is not installed.')
    }
    expect((await ask(server.app, { llmModel: 'nope:1b' })).statusCode).toBe(404)
    expect(server.calls.at(-1)).not.toBe('recognize whisper-tiny.en-q8_0')
  })

  test('among the speech levels fails the turn in the same way', async () => {
    const server = await startTestApp()
    server.stages.speechLevel = async () => {
      throw new QuantvoxError('model_not_found', 'There is no speech model.')
    }
    const response = await ask(server.app, { speechModel: 'whisper-tiny.en-q8' })
    expect(response.statusCode).toBe(404)
    expect((await rows(server))[0]).toMatchObject({
      outcome: 'failed',
      speech: { model: 'whisper-tiny.en-q8' },
    })
  })
})

describe('saved audio', () => {
  let root: string
  let folder: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'quantvox-audio-'))
    // Deep enough that no path of these tests could lead out of what is theirs.
    folder = join(root, 'a', 'b', 'c')
    mkdirSync(folder, { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const saving = async () => startTestApp({ dependencies: { replies: await createReplyAudio(folder, true) } })

  test('is question and reply in the folder of the turn, and goes with it', async () => {
    const server = await saving()
    const { turnId }: TurnAnswer = (await ask(server.app)).json()
    expect(readdirSync(join(folder, 'audio', turnId)).toSorted()).toEqual(['question.wav', 'reply.wav'])
    expect(readFileSync(join(folder, 'audio', turnId, 'question.wav')).length).toBe(32_044)
    expect((await server.app.inject({ method: 'DELETE', url: `/v1/turns/${turnId}` })).statusCode).toBe(204)
    await sleep(50)
    expect(readdirSync(join(folder, 'audio'))).toEqual([])
    expect((await server.app.inject(`/v1/turns/${turnId}/reply.wav`)).statusCode).toBe(404)
  })

  test('of a reply can be had after it left the memory', async () => {
    const { turnId }: TurnAnswer = (await ask((await saving()).app)).json()
    const wav = await (await saving()).app.inject(`/v1/turns/${turnId}/reply.wav`)
    expect([wav.statusCode, wav.rawPayload.toString('latin1', 0, 4)]).toEqual([200, 'RIFF'])
  })

  test('is all that can be deleted: an id that leads elsewhere touches nothing', async () => {
    const server = await saving()
    await ask(server.app)
    writeFileSync(join(folder, 'keep'), '')
    // At most two steps up, into folders of this test.
    for (const id of ['..', '.', '../..', '../keep', '%2e%2e', '']) {
      const url = `/v1/turns/${encodeURIComponent(id)}`
      expect((await server.app.inject({ method: 'DELETE', url })).statusCode).toBeGreaterThanOrEqual(400)
    }
    await sleep(50)
    expect(readdirSync(folder).toSorted()).toEqual(['audio', 'keep'])
    expect(readdirSync(join(folder, 'audio'))).toHaveLength(1)
  })

  test('that cannot be written costs nobody the answer, and is logged', async () => {
    writeFileSync(join(folder, 'audio'), 'a file where the folder should be')
    const server = await saving()
    const response = await ask(server.app)
    expect(response.statusCode).toBe(200)
    const answer: TurnAnswer = response.json()
    // A link that leads nowhere would be worse than none.
    expect(answer).not.toHaveProperty('audio')
    expect(answer.reply).not.toBe('')
    expect(server.logLines.filter(line => JSON.parse(line).level === 50)).toEqual([
      expect.stringContaining(answer.turnId),
    ])
  })
})
