import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { listVoices } from '../../../server/voice/voices.ts'
import { FORMAT, soundIn, speakTo, startWyoming } from '../../support/wyoming/wyomingDoor.ts'

describe('speech to text', () => {
  test('in Home Assistant’s order: what was said in parts and whole, and its row', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    speakTo(client)
    const { data } = await client.next('transcript')
    expect(data).toEqual({ text: 'What is the time?', language: 'en' })
    await client.next('transcript-stop')
    expect(client.types()).toEqual(['transcript-start', 'transcript-chunk', 'transcript', 'transcript-stop'])
    expect(client.heard[1]?.data).toEqual({ text: 'What is the time?' })
    const [row] = await server.rows()
    expect(row).toMatchObject({
      ...{ source: 'wyoming', outcome: 'completed', transcript: 'What is the time?', reply: null },
      speech: { model: 'whisper-tiny.en-q8_0', audioMs: 1000 },
      ...{ llm: { model: null }, synthesis: { voice: null } },
    })
    expect(row?.fromSpeechEnd.transcriptMs).toBeGreaterThan(0)
  })

  test.each([
    [{ rate: 8000, width: 1, channels: 1 }],
    [{ rate: 22_050, width: 2, channels: 1 }],
    [{ rate: 44_100, width: 3, channels: 2 }],
    [{ rate: 48_000, width: 4, channels: 2 }],
    [{ rate: 192_000, width: 2, channels: 8 }],
  ])('takes %j', async format => {
    const server = await startWyoming()
    const client = await server.connect()
    speakTo(client, format)
    await client.next('transcript-stop')
    expect((await server.rows())[0]?.speech.audioMs).toBeCloseTo(1000, 0)
  })

  test('joins frames that were cut between chunks', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('audio-start', { rate: 16_000, width: 4, channels: 2 })
    for (let i = 0; i < 1280; i++) client.send('audio-chunk', {}, Buffer.alloc(100))
    client.send('audio-stop')
    await client.next('transcript-stop')
    expect((await server.rows())[0]?.speech.audioMs).toBe(1000)
  })

  test('nothing said is an empty transcript', async () => {
    const server = await startWyoming({ script: { speechMs: 0, transcript: '' } })
    const client = await server.connect()
    speakTo(client)
    expect((await client.next('transcript')).data.text).toBe('')
    expect((await server.rows())[0]).toMatchObject({ outcome: 'no-speech', transcript: null })
  })

  test('no audio at all is one, too', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('audio-start', FORMAT)
    client.send('audio-stop')
    expect((await client.next('transcript')).data.text).toBe('')
  })

  test('audio outside of a stream is nothing: a microphone may go on for a while', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    speakTo(client)
    client.send('audio-chunk', FORMAT, Buffer.alloc(3200))
    await client.next('transcript-stop')
    client.send('ping', { text: 'there?' })
    expect((await client.next('pong')).data).toEqual({ text: 'there?' })
    expect(await server.rows()).toHaveLength(1)
  })

  test('what has no English is heard by what is here and can', async () => {
    const other = { name: 'whisper-base-q8_0', family: 'whisper-base', parameterSize: '74M' }
    const model = {
      ...{ ...other, quantization: 'q8_0', sizeBytes: 1, digest: null, installed: true, loaded: false },
      ...{ residentBytes: null, languages: 'multilingual' as const },
    }
    const server = await startWyoming({ dependencies: { speechModels: async () => [model] } })
    const client = await server.connect()
    speakTo(client, FORMAT, { language: 'de-AT' })
    await client.next('transcript-stop')
    expect((await server.rows())[0]?.speech.model).toBe('whisper-base-q8_0')
  })
})

describe('text to speech', () => {
  test('starts, sounds, stops, and leaves its row', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('synthesize', { text: 'It is ten past nine. Good evening.', voice: { name: 'flite:rms' } })
    await client.next('audio-stop')
    const { samples, types } = soundIn(client.heard)
    expect([samples, types]).toEqual([9600, ['audio-start', 'audio-chunk', 'audio-stop']])
    expect(client.heard[0]?.data).toEqual({ ...FORMAT, timestamp: 0 })
    expect(client.heard.at(-1)?.data).toEqual({ timestamp: 600 })
    expect((await server.rows())[0]).toMatchObject({
      ...{ source: 'wyoming', outcome: 'completed', transcript: null },
      reply: 'It is ten past nine. Good evening.',
      synthesis: { voice: 'flite:rms', audioMs: 600 },
    })
  })

  // Report 19: a server that did not know `synthesize-start` let Home Assistant wait for ever.
  test('while the text still comes: the first sentence is spoken before the last is there', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('synthesize-start', { voice: { name: 'flite:slt' } })
    for (const text of ['It is', ' ten past', ' nine. And', ' so']) client.send('synthesize-chunk', { text })
    await client.next('audio-chunk')
    client.send('synthesize-chunk', { text: ' on.' })
    client.send('synthesize', { text: 'It is ten past nine. And so on.' })
    client.send('synthesize-stop')
    await client.next('synthesize-stopped')
    expect(soundIn(client.heard)).toEqual({
      samples: 9600,
      types: ['audio-start', 'audio-chunk', 'audio-stop', 'synthesize-stopped'],
    })
    const rows = await server.rows()
    expect(rows.map(({ outcome, reply }) => [outcome, reply])).toEqual([
      ['completed', 'It is ten past nine. And so on.'],
    ])
  })

  test('and a text without a word ends all the same', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('synthesize-start')
    client.send('synthesize-stop')
    await client.next('synthesize-stopped')
    expect(client.types()).toEqual(['synthesize-stopped'])
  })

  // Report 20: Home Assistant asks only for voices that `info` has.
  test('every voice of info speaks, and has a language', async () => {
    const listed = listVoices([]).filter(({ name }) => !/^(hibari|kokoro|piper):/.test(name))
    const slow = { name: 'kokoro:af_heart', description: 'too slow here', available: false }
    const server = await startWyoming({ dependencies: { voices: async () => [...listed, slow] } })
    const client = await server.connect()
    client.send('describe')
    const { data } = await client.next('info')
    const [program] = data.tts as { voices: { name: string; languages: string[] }[] }[]
    const names = program?.voices.map(({ name }) => name)
    expect(names).toEqual(['flite:slt', 'flite:rms', 'flite:awb', 'flite:kal16'])
    for (const { name, languages } of program?.voices ?? []) {
      expect([name, languages]).toEqual([name, ['en']])
      const speaker = await server.connect()
      speaker.send('synthesize', { text: 'Hello.', voice: { name } })
      await speaker.next('audio-stop')
      speaker.socket.end()
    }
  })
})

describe('conversation', () => {
  test('is handled in parts and whole, and goes on under its name', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    const context = { conversation_id: '01JD2ABC', device_id: 'kitchen' }
    client.send('transcript', { text: 'Wie spät ist es? 東京', language: 'de', context })
    const { data } = await client.next('handled')
    expect(data).toEqual({
      text: 'It is ten past nine. Good evening.',
      context: { conversation_id: '01JD2ABC' },
    })
    await client.next('handled-stop')
    const types = client.types()
    expect(new Set(types)).toEqual(new Set(['handled-start', 'handled-chunk', 'handled', 'handled-stop']))
    const parts = client.heard.filter(({ type }) => type === 'handled-chunk').map(part => part.data.text)
    expect(parts.join('')).toBe('It is ten past nine. Good evening.')

    const second = await server.connect()
    second.send('transcript', { text: 'And now?', context })
    await second.next('handled')
    const said = server.lastPrompt().map(({ content }) => content)
    expect(said).toEqual(expect.arrayContaining(['Wie spät ist es? 東京', 'And now?']))
    expect((await server.rows()).map(row => [row.source, row.conversationId, row.synthesis.voice])).toEqual([
      ['wyoming', '01JD2ABC', 'none'],
      ['wyoming', '01JD2ABC', 'none'],
    ])
  })

  test('may have any name', async () => {
    const server = await startWyoming()
    for (let i = 0; i < 2; i++) {
      const client = await server.connect()
      client.send('transcript', { text: 'Hello.', context: { conversation_id: 'conversation.küche: 1' } })
      await client.next('handled')
    }
    const ids = (await server.rows()).map(row => row.conversationId)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^wyoming-[0-9a-f]{32}$/)
  })

  test('a reply without a word is handled', async () => {
    const server = await startWyoming({ script: { reply: [] } })
    const client = await server.connect()
    client.send('transcript', { text: 'Hello.' })
    expect((await client.next('handled')).data.text).toBe('')
    await client.next('handled-stop')
    expect(client.types()).toEqual(['handled-start', 'handled', 'handled-stop'])
  })
})

describe('info', () => {
  test('has the defaults first, and what it can do', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.send('describe')
    const { data } = await client.next('info')
    expect(data).toMatchObject({
      asr: [
        {
          ...{
            name: 'quantvox',
            installed: true,
            version: '0.0.0-test',
            supports_transcript_streaming: true,
          },
          models: [{ name: 'whisper-tiny.en-q8_0', installed: true, languages: ['en'] }],
        },
      ],
      tts: [{ supports_synthesize_streaming: true }],
      handle: [{ supports_handled_streaming: true, models: [{ name: 'fake:1b-q4_K_M', languages: [] }] }],
      ...{ intent: [], wake: [], mic: [], snd: [] },
    })
    expect(data.satellite).toBeUndefined()
  })

  test('comes in time where engines hang or fail', async () => {
    const hanging = () => new Promise<never>(() => {})
    const server = await startWyoming({
      dependencies: { speechModels: hanging, voices: () => Promise.reject(new Error('no')) },
    })
    server.stages.settings.llmModel = hanging
    const client = await server.connect()
    client.send('describe')
    const { data } = await client.next('info')
    expect(data).toMatchObject({
      asr: [{ models: [{ name: 'whisper-tiny.en-q8_0' }] }],
      tts: [{ voices: [{ name: 'flite:slt' }] }],
      handle: [{ models: [{ name: 'quantvox' }] }],
    })
  })

  test('is answered to one that says all that it has to say at once, and hangs up', async () => {
    const server = await startWyoming()
    const client = await server.connect()
    client.socket.end('{"type":"describe"}\n')
    expect((await client.everything()).map(({ type }) => type)).toEqual(['info'])
  })
})

test('several requests on one connection are answered one after the other', async () => {
  const server = await startWyoming()
  const client = await server.connect()
  client.send('synthesize', { text: 'One.' })
  client.send('transcript', { text: 'Hello.' })
  speakTo(client)
  client.send('something-new', { x: 1 })
  client.send('synthesize', { text: 'Two.' })
  await client.next('transcript-stop')
  await client.next('audio-stop')
  expect(soundIn(client.heard).types.filter(type => !/-(start|chunk)$/.test(type))).toEqual([
    ...['audio-stop', 'handled', 'handled-stop', 'transcript', 'transcript-stop', 'audio-stop'],
  ])
  expect(await server.rows()).toHaveLength(4)
})

test('a failure is told with its code, the connection is closed, and the row is there', async () => {
  const hoarse = new QuantvoxError('engine_failed', 'It is hoarse.', { mend: 'Try again.' })
  const server = await startWyoming({
    script: { synthesizeError: hoarse, recognizeError: hoarse, respondError: hoarse },
  })
  for (const ask of [
    (client: Awaited<ReturnType<typeof server.connect>>) => speakTo(client),
    (client: Awaited<ReturnType<typeof server.connect>>) => client.send('synthesize', { text: 'Hello.' }),
    (client: Awaited<ReturnType<typeof server.connect>>) => client.send('transcript', { text: 'Hello.' }),
    (client: Awaited<ReturnType<typeof server.connect>>) => {
      client.send('synthesize-start')
      client.send('synthesize-chunk', { text: 'Hello. And more.' })
    },
  ]) {
    const client = await server.connect()
    ask(client)
    const last = (await client.everything()).at(-1)
    expect([last?.type, last?.data]).toEqual([
      'error',
      { text: 'It is hoarse. Try again.', code: 'engine_failed' },
    ])
  }
  const rows = await server.rows()
  expect(rows.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual(
    Array(4).fill(['failed', 'engine_failed']),
  )
})
