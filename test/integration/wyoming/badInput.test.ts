import { describe, expect, test } from 'vitest'
import { framingLimits } from '../../../server/doors/wyoming/framing.ts'
import { FORMAT, speakTo, startWyoming, type WyomingClient } from '../../support/wyoming/wyomingDoor.ts'

type Server = Awaited<ReturnType<typeof startWyoming>>

/** What the client is told before the server hangs up. */
async function refusal(server: Server, send: (client: WyomingClient) => void) {
  const client = await server.connect()
  send(client)
  const last = (await client.everything()).at(-1)
  return { type: last?.type, code: last?.data.code, text: String(last?.data.text) }
}

const audio = (data: object) => (client: WyomingClient) => client.send('audio-start', data)
const event = (type: string, data: object) => (client: WyomingClient) => client.send(type, data)
const raw = (text: string) => (client: WyomingClient) => void client.socket.write(text)

describe('is refused, told why, and hung up on', () => {
  test.each([
    ['another protocol', raw('GET / HTTP/1.1\r\n\r\n'), 'invalid_message', 'not JSON'],
    ['a line of more than 64 KiB', raw('x'.repeat(framingLimits.lineBytes + 1)), 'too_large', '65536'],
    ['audio-start without a rate', audio({ width: 2, channels: 1 }), 'invalid_message', 'audio-start: rate'],
    ['without a width', audio({ rate: 16_000, channels: 1 }), 'invalid_message', 'width'],
    ['without channels', audio({ rate: 16_000, width: 2 }), 'invalid_message', 'channels'],
    ['a rate that is text', audio({ ...FORMAT, rate: '16000' }), 'invalid_message', 'rate'],
    ['0 Hz', audio({ ...FORMAT, rate: 0 }), 'invalid_message', 'rate'],
    ['a rate that no sound has', audio({ ...FORMAT, rate: 1e9 }), 'invalid_message', 'rate'],
    ['half a byte', audio({ ...FORMAT, width: 1.5 }), 'invalid_message', 'width'],
    ['9 channels', audio({ ...FORMAT, channels: 9 }), 'invalid_message', 'channels'],
    ['audio-stop alone', event('audio-stop', {}), 'invalid_state', 'audio-start'],
    ['synthesize without text', event('synthesize', {}), 'invalid_message', 'synthesize: text'],
    ['text that is a number', event('synthesize', { text: 5 }), 'invalid_message', 'text'],
    ['text that is null', event('synthesize', { text: null }), 'invalid_message', 'text'],
    ['text that nobody can say', event('synthesize', { text: '🎉' }), 'invalid_request', 'nothing in it'],
    ['SSML', event('synthesize', { text: '<speak/>', text_format: 'ssml' }), 'invalid_request', 'ssml'],
    ['a voice that is text', event('synthesize', { text: 'a', voice: 'x' }), 'invalid_message', 'voice'],
    [
      'a voice that there is not',
      event('synthesize', { text: 'a', voice: { name: 'flite:nobody' } }),
      ...['model_not_found', 'flite:nobody'],
    ],
    [
      'a voice of the page',
      event('synthesize', { text: 'a', voice: { name: 'browser' } }),
      ...['model_not_found', 'browser'],
    ],
    [
      'a language that no voice speaks',
      event('synthesize', { text: 'a', voice: { language: 'de' } }),
      ...['invalid_request', 'does not speak'],
    ],
    ['a part of no text', event('synthesize-chunk', { text: 'a' }), 'invalid_state', 'synthesize-start'],
    ['the end of no text', event('synthesize-stop', {}), 'invalid_state', 'synthesize-start'],
    ['transcript without text', event('transcript', {}), 'invalid_message', 'transcript: text'],
    ['a blank question', event('transcript', { text: ' ' }), 'invalid_request', 'blank'],
    [
      'a context that is text',
      event('transcript', { text: 'a', context: 'b' }),
      'invalid_message',
      'context',
    ],
    [
      'a conversation without a usable name',
      event('transcript', { text: 'a', context: { conversation_id: 5 } }),
      ...['invalid_message', 'conversation_id'],
    ],
    ['a language of another type', event('transcribe', { language: 5 }), 'invalid_message', 'language'],
    ['names that are none', event('transcribe', { transcript_names: 'x' }), 'invalid_message', 'names'],
    ['a ping that is too odd', event('ping', { text: {} }), 'invalid_message', 'ping: text'],
  ] as const)('%s', async (_what, send, code, said) => {
    const answer = await refusal(await startWyoming(), send)
    expect(answer).toMatchObject({ type: 'error', code })
    expect(answer.text).toContain(said)
  })

  test('a language or a model that there is not', async () => {
    const server = await startWyoming()
    server.stages.speechLevel = async name => {
      throw Object.assign(new Error(name), {})
    }
    const unknown = await refusal(server, client => speakTo(client, FORMAT, { language: 'klingon' }))
    expect(unknown.code).toBe('invalid_request')
    const failed = await refusal(server, client => speakTo(client, FORMAT, { name: 'nobody' }))
    expect(failed.code).toBe('internal')
    expect(failed.text).not.toContain('nobody')
    expect(await server.rows()).toMatchObject([{ outcome: 'failed', speech: { model: 'nobody' } }])
  })

  test('chunks of another format, and more audio than MAX_UPLOAD_MB, with a row', async () => {
    const server = await startWyoming({ dependencies: { maxUploadBytes: 100_000 } })
    const other = await refusal(server, client => {
      client.send('audio-start', FORMAT)
      client.send('audio-chunk', FORMAT, Buffer.alloc(320))
      client.send('audio-chunk', { ...FORMAT, rate: 8000 }, Buffer.alloc(320))
    })
    expect(other.code).toBe('audio_invalid')
    const long = await refusal(server, client => {
      client.send('audio-start', FORMAT)
      for (let i = 0; i < 4; i++) client.send('audio-chunk', FORMAT, Buffer.alloc(30_000))
    })
    expect(long.code).toBe('too_large')
    const empty = await refusal(server, client => {
      client.send('audio-start', FORMAT)
      for (let i = 0; i < 1000; i++) client.send('audio-chunk', FORMAT)
    })
    expect(empty.code).toBe('too_large')
    expect((await server.rows()).map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['failed', 'too_large'],
      ['failed', 'too_large'],
      ['failed', 'audio_invalid'],
    ])
  })

  test('audio of more than ten minutes', async () => {
    const server = await startWyoming()
    const answer = await refusal(server, client => {
      client.send('audio-start', { rate: 8000, width: 1, channels: 1 })
      for (let i = 0; i < 25; i++) client.send('audio-chunk', {}, Buffer.alloc(200_000))
    })
    expect([answer.code, answer.text]).toEqual(['too_large', expect.stringContaining('600 s')])
  })

  test('a text of more than 100,000 characters in parts', async () => {
    const server = await startWyoming()
    const answer = await refusal(server, client => {
      client.send('synthesize-start')
      for (let i = 0; i < 21; i++) client.send('synthesize-chunk', { text: 'a'.repeat(5000) })
    })
    expect(answer.code).toBe('too_large')
    await expect.poll(server.rows).toMatchObject([{ outcome: 'interrupted' }])
  })

  test('events that come faster than anybody asks', async () => {
    const server = await startWyoming()
    const answer = await refusal(server, client => {
      for (let i = 0; i < 40; i++) client.send('whatever')
    })
    expect(answer.code).toBe('rate_limited')
  })

  test('more than may wait behind a request', async () => {
    const server = await startWyoming({ script: { recognizeMs: 60_000 } })
    const answer = await refusal(server, client => {
      speakTo(client)
      for (let i = 0; i < 20; i++) client.send('audio-chunk', FORMAT, Buffer.alloc(250_000))
    })
    expect(answer.code).toBe('too_large')
    await expect.poll(server.rows).toMatchObject([{ outcome: 'interrupted' }])
    expect(server.calls).toContain('recognize whisper-tiny.en-q8_0 aborted')
  })
})

test('what is not known is ignored: events, and fields of those that are', async () => {
  const server = await startWyoming()
  const client = await server.connect()
  client.send('select-program', { name: 'quantvox' })
  client.send('constructor', {})
  client.send('toString', {})
  client.send('transcribe', { language: null, name: '', vad_sensitivity: 'relaxed', x: [{}] })
  client.send('audio-start', { ...FORMAT, timestamp: null })
  client.send('audio-chunk', { timestamp: 5 }, Buffer.alloc(3200))
  client.send('audio-stop', { timestamp: null })
  expect((await client.next('transcript')).data.text).toBe('What is the time?')
  client.send('synthesize', { text: 'Hello.', voice: { name: null, language: 'en-GB', speaker: 'x' } })
  await client.next('audio-stop')
})
