import { describe, expect, test } from 'vitest'
import type { TurnMessage } from '../../../server/protocol/messages.ts'
import { ask, askText, clip, form, messagesOf, until, wantsEvents } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'
import { wavBytes } from '../../support/wavBytes.ts'

const bytes = (buffer: Buffer | string) => new Uint8Array(Buffer.from(buffer))
const rows = async ({ stages }: TestApp) => (await stages.store.list({}, 100)).items

describe('audio that cannot be heard is audio_invalid, and its row says failed', () => {
  const nan = Buffer.alloc(6400)
  nan.writeFloatLE(Number.NaN, 400)
  test.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    ['no audio at all', bytes('<html>not audio, but long enough to look at</html>'), /not audio/],
    ['no bytes', bytes(''), /empty/],
    ['a cut recording', clip().slice(0, 5000), /announces 32000 bytes/],
    ['a header that lies', bytes(wavBytes({ blockAlign: 7 })), /contradicts itself/],
    ['a cut header', clip().slice(0, 20), /WAV/],
    ['0 Hz', bytes(wavBytes({ sampleRate: 0 })), /0 Hz/],
    ['9 channels', bytes(wavBytes({ channels: 9 })), /9 channels/],
    ['floats that are no numbers', bytes(wavBytes({ format: 3, bitDepth: 32, audio: nan })), /NaN|number/i],
  ])('%s', async (_what, audio, said) => {
    const server = await startTestApp()
    const response = await ask(server.app, {}, audio)
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      400,
      expect.stringMatching(/^application\/problem\+json/),
    ])
    const problem = response.json()
    expect(problem).toMatchObject({ code: 'audio_invalid', status: 400, mend: expect.any(String) })
    expect(problem.detail).toMatch(said)
    expect(server.calls).toEqual([])
    expect(await rows(server)).toEqual([
      expect.objectContaining({ turnId: problem.turnId, outcome: 'failed', errorCode: 'audio_invalid' }),
    ])
  })

  test('over events it is an error and then the end of the turn', async () => {
    const server = await startTestApp()
    const messages = messagesOf((await ask(server.app, {}, bytes('no audio'), wantsEvents)).body)
    const [error, done] = messages as [TurnMessage & { type: 'error' }, TurnMessage & { type: 'turn.done' }]
    expect(messages.map(message => message.type)).toEqual(['error', 'turn.done'])
    expect(error).toMatchObject({ code: 'audio_invalid', recoverable: true, turnId: done.turnId })
    expect(done).toMatchObject({ outcome: 'failed', errorCode: 'audio_invalid' })
  })
})

describe('a body of the wrong kind', () => {
  test.each(['text/plain', 'application/octet-stream', 'audio/wav'])('%s is 415', async contentType => {
    const server = await startTestApp()
    const response = await server.app.inject({
      method: 'POST',
      url: '/v1/turns',
      payload: Buffer.from(clip()),
      headers: { 'content-type': contentType },
    })
    expect([response.statusCode, response.json().code]).toEqual([415, 'unsupported_media_type'])
  })

  test('no body at all says what to send', async () => {
    const { app } = await startTestApp()
    const response = await app.inject({ method: 'POST', url: '/v1/turns' })
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
    expect(response.json().detail).not.toMatch(/undefined|null|Cannot/)
  })

  test.each<[string, Parameters<typeof askText>[1], RegExp]>([
    ['blank text', { text: ' \n\t ' }, /blank/],
    ['empty text', { text: '' }, /text/],
    ['no text', { voice: 'none' }, /text/],
    ['text that is a number', { text: 5 }, /text/],
    ['text that is null', { text: null as unknown as string }, /text/],
    ['a field that there is not', { text: 'Hi', speechModle: 'x' }, /"speechModle"/],
    ['a model that is a list', { text: 'Hi', llmModel: ['a'] }, /llmModel/],
    ['a conversation id with a path in it', { text: 'Hi', conversationId: '../etc' }, /conversationId/],
    ['a language that is none', { text: 'Hi', language: 'English, please' }, /language/],
    ['a list', [] as unknown as object, /./],
    ['JSON that is broken', '{"text": "Hi"', /./],
    ['an empty body', '', /./],
    ['nothing but null', 'null', /./],
    ['a string', '"Hi"', /./],
    ['a name of the prototype', '{"text": "Hi", "__proto__": {"voice": "none"}}', /./],
  ])('JSON with %s is invalid_request', async (_what, body, said) => {
    const server = await startTestApp()
    const response = await askText(server.app, body)
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
    expect(response.json().detail).toMatch(said)
    expect([server.calls, await rows(server)]).toEqual([[], []])
  })

  test('an unknown field is told the nearest known one', async () => {
    const { app } = await startTestApp()
    expect((await askText(app, { text: 'Hi', speechModle: 'x' })).json().mend).toMatch(/"speechModel"/)
  })

  test('it is refused with a problem, not with events, even where events were asked for', async () => {
    const { app } = await startTestApp()
    const response = await askText(app, { text: ' ' }, wantsEvents)
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
  })
})

describe('a form', () => {
  const post = async (app: TestApp['app'], ...parts: Parameters<typeof form>) =>
    app.inject({ method: 'POST', url: '/v1/turns', ...(await form(...parts)) })

  test.each<[string, Parameters<typeof form>, RegExp]>([
    ['without a file', [['voice', 'none']], /no file "audio"/],
    ['with the clip as text', [['audio', 'RIFF']], /audio/],
    ['with a file of another name', [['clip', clip(100)]], /"clip"/],
    [
      'with two files',
      [
        ['audio', clip(100)],
        ['audio', clip(100)],
      ],
      /one file|files/,
    ],
    [
      'with a field that there is not',
      [
        ['audio', clip(100)],
        ['modle', 'x'],
      ],
      /"modle"/,
    ],
    [
      'with a field twice',
      [
        ['voice', 'none'],
        ['voice', 'flite:slt'],
        ['audio', clip(100)],
      ],
      /voice/,
    ],
    [
      'with a language that is none',
      [
        ['language', 'x!'],
        ['audio', clip(100)],
      ],
      /language/,
    ],
    [
      'with a field that is too long',
      [
        ['voice', 'x'.repeat(2000)],
        ['audio', clip(100)],
      ],
      /voice/,
    ],
    ['with more fields than there are', Array.from({ length: 30 }, (_, i) => [`f${i}`, 'x']), /field/],
  ])('%s is invalid_request', async (_what, parts, said) => {
    const server = await startTestApp()
    const response = await post(server.app, ...parts)
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
    expect(response.json().detail).toMatch(said)
    expect([server.calls, await rows(server)]).toEqual([[], []])
  })

  test.each([
    ['without a boundary', 'multipart/form-data', 'x'],
    [
      'that ends before its end',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="voice"\r\n\r\nno',
    ],
    [
      'whose file ends before its end',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\nRIFF',
    ],
    ['that is no form', 'multipart/form-data; boundary=b', 'hello'],
  ])('%s is invalid_request and no error of ours', async (_what, contentType, payload) => {
    const server = await startTestApp()
    const response = await server.app.inject({
      method: 'POST',
      url: '/v1/turns',
      payload,
      headers: { 'content-type': contentType },
    })
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
    expect(server.logLines.filter(line => JSON.parse(line).level >= 50)).toEqual([])
  })
})

describe('limits', () => {
  test('JSON larger than 1 MiB is too_large', async () => {
    const { app } = await startTestApp()
    const response = await askText(app, { text: 'x'.repeat(2 ** 20) })
    expect([response.statusCode, response.json().code]).toEqual([413, 'too_large'])
  })

  test('a text longer than 100 000 characters is refused', async () => {
    const { app } = await startTestApp()
    expect((await askText(app, { text: 'x'.repeat(100_001) })).statusCode).toBe(400)
  })

  test('an upload larger than MAX_UPLOAD_MB is too_large, also while it still comes in', async () => {
    const server = await startTestApp({ settings: { MAX_UPLOAD_MB: '1' } })
    const response = await ask(server.app, {}, new Uint8Array(2 ** 20 + 1))
    expect([response.statusCode, response.json().code]).toEqual([413, 'too_large'])
    expect(response.json().mend).toMatch(/MAX_UPLOAD_MB/)
    const url = await server.app.listen({ port: 0, host: '127.0.0.1' })
    const upload = await form(['audio', new Uint8Array(20 * 2 ** 20)])
    const sent = await fetch(`${url}/v1/turns`, {
      method: 'POST',
      headers: upload.headers,
      body: new Uint8Array(upload.payload),
    })
    expect([sent.status, ((await sent.json()) as { code: string }).code]).toEqual([413, 'too_large'])
  })

  test('a clip of more than 10 minutes is too_large however small its file, and has its row', async () => {
    const server = await startTestApp()
    const long = wavBytes({ sampleRate: 8000, bitDepth: 8, audio: Buffer.alloc(8000 * 601, 128) })
    const response = await ask(server.app, {}, bytes(long))
    expect([response.statusCode, response.json().code]).toEqual([413, 'too_large'])
    expect(await rows(server)).toEqual([
      expect.objectContaining({ outcome: 'failed', errorCode: 'too_large' }),
    ])
  })

  test('a turn beyond MAX_SESSIONS is at_capacity with Retry-After, and there is room again afterwards', async () => {
    const server = await startTestApp({ settings: { MAX_SESSIONS: '2' }, script: { firstTokenMs: 300 } })
    const running = [askText(server.app, { text: 'One' }), askText(server.app, { text: 'Two' })]
    await until(() => server.calls.length === 2)
    const refused = await askText(server.app, { text: 'Three' })
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'at_capacity'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await Promise.all(running)).map(response => response.statusCode)).toEqual([200, 200])
    server.script.firstTokenMs = 0
    expect((await askText(server.app, { text: 'Four' })).statusCode).toBe(200)
  })
})

test('what is not there is a problem, too', async () => {
  const { app } = await startTestApp()
  for (const [method, url] of [
    ['GET', '/v1/nothing'],
    ['PUT', '/v1/turns'],
    ['GET', '/v1/turns/00000000-0000-7000-8000-000000000000/reply.wav'],
  ] as const) {
    const response = await app.inject({ method, url })
    expect([response.statusCode, response.json().code]).toEqual([404, 'not_found'])
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  }
  expect((await app.inject('/v1/turns/no-uuid/reply.wav')).statusCode).toBe(400)
})
