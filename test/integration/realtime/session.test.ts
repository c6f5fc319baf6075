import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import {
  createRealtimeApp,
  type RealtimeApp,
  type RealtimeClient,
} from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const fields = (client: RealtimeClient) => client.heard.findLast(({ type }) => type === 'session.updated')

describe('settings', () => {
  test('are echoed as they are in force', async () => {
    live = await createRealtimeApp({ settings: { SILENCE_MS: '400' } })
    const client = await live.connectRealtime('/v1/realtime?model=gpt-realtime')
    const { session } = await client.next('session.created')
    expect(session).toMatchObject({
      ...{ object: 'realtime.session', type: 'realtime', model: 'fake:1b-q4_K_M' },
      ...{ output_modalities: ['audio'], instructions: 'Be short.', tools: [], tool_choice: 'auto' },
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: null,
          turn_detection: {
            ...{ type: 'server_vad', threshold: 0.5, silence_duration_ms: 400 },
            ...{ create_response: true, interrupt_response: true },
          },
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'flite:slt', speed: 1 },
      },
    })
    expect((session as { id?: string }).id).toMatch(/^sess_/)
  })

  test('are merged in parts, cleared by what is empty, and unknown ones ignored', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    const tools = [{ type: 'function', name: 'weather', parameters: {} }]
    await client.update({
      instructions: 'Be kind.',
      tools,
      audio: { output: { voice: 'marin', speed: 1.5 } },
    })
    await client.update({ type: 'realtime', tracing: 'auto', prompt: { id: 'x' } })
    expect(fields(client)).toMatchObject({
      session: { instructions: 'Be kind.', tools, audio: { output: { voice: 'flite:slt', speed: 1 } } },
    })
    await client.update({ instructions: '', tools: [], audio: { input: { turn_detection: null } } })
    expect(fields(client)).toMatchObject({
      session: { instructions: '', tools: [], audio: { input: { turn_detection: null } } },
    })
  })

  test('that come before the session is ready come into force after session.created', async () => {
    live = await createRealtimeApp()
    const { llmModel } = live.stages.settings
    live.stages.settings.llmModel = async () => {
      await new Promise(resolve => setTimeout(resolve, 200))
      return await llmModel()
    }
    const client = await live.connectRealtime()
    client.send({ type: 'session.update', session: { instructions: 'Be kind.' } })
    client.send({ type: 'response.create' })
    await client.next('response.done')
    expect(client.types().slice(0, 3)).toEqual(['session.created', 'session.updated', 'response.created'])
    expect(live.lastPrompt()[0]?.content).toBe('Be kind.')
  })

  test('the model and, once it has spoken, the voice stay', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    const send = (session: object) => client.send({ type: 'session.update', session, event_id: 'mine' })
    send({ model: 'other:1b' })
    expect((await client.next('error')).error).toMatchObject({
      ...{ code: 'cannot_update_model', event_id: 'mine' },
    })
    await client.update({ model: 'gpt-realtime', audio: { output: { voice: 'flite:rms' } } })
    client.send({ type: 'response.create' })
    await client.next('response.done')
    send({ audio: { output: { voice: 'flite:slt' } } })
    expect((await client.next('error')).error.code).toBe('cannot_update_voice')
    await client.update({ audio: { output: { voice: 'flite:rms' } } })
  })

  test.each([
    [{ audio: { input: { format: { type: 'audio/pcmu' } } } }, 'session.audio.input.format'],
    [{ audio: { input: { format: { type: 'audio/pcm', rate: 16_000 } } } }, 'session.audio.input.format'],
    [{ audio: { output: { voice: 'nobody' } } }, 'voice'],
    [{ tools: [{ type: 'mcp', server_label: 'x' }] }, 'session.tools'],
    [{ instructions: 5 }, 'session.instructions'],
    [{ audio: { input: { turn_detection: { type: 'none' } } } }, 'session.audio.input.turn_detection'],
    [{ audio: { input: { transcription: { language: 'klingon' } } } }, null],
    [{ max_output_tokens: 0 }, 'session.max_output_tokens'],
  ])('%j is refused by its place, and changes nothing', async (session, param) => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    client.send({ type: 'session.update', session, event_id: 'mine' })
    const { error } = await client.next('error')
    expect(error.event_id).toBe('mine')
    if (param !== null) expect(error.param).toMatch(new RegExp(`^${param}`))
    await client.update({})
    expect(fields(client)).toMatchObject({ session: { instructions: 'Be short.', tools: [] } })
  })

  test('semantic VAD is the learned end of turns', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await client.update({ audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'high' } } } })
    expect(fields(client)).toMatchObject({
      session: {
        audio: {
          input: {
            turn_detection: {
              ...{ type: 'semantic_vad', eagerness: 'high' },
              ...{ create_response: true, interrupt_response: true },
            },
          },
        },
      },
    })
    client.say(800)
    client.silence(1200)
    expect((await client.next('response.done')).response.status).toBe('completed')
  })

  test('a reply is bounded by max_output_tokens', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime()
    await client.update({ max_output_tokens: 16 })
    client.send({ type: 'response.create' })
    const { response } = await client.next('response.done')
    expect(response.max_output_tokens).toBe(16)
  })
})

// Report 18: sessions for transcription that answered, or were refused.
describe('a transcription session', () => {
  test.each(['/v1/realtime?intent=transcription', '/v1/realtime?model=gpt-4o-transcribe'])(
    'by %s tells what is said, and answers nothing',
    async path => {
      live = await createRealtimeApp()
      const client = await live.connectRealtime(path)
      const audio = { input: { transcription: { model: 'gpt-4o-transcribe', language: 'en' } } }
      await client.update({ type: 'transcription', audio })
      const { session } = fields(client) as { session: { type: string } }
      expect(session).toMatchObject({
        type: 'transcription',
        audio: { input: { transcription: { model: 'whisper-tiny.en-q8_0', language: 'en' } } },
      })
      client.say(800)
      client.silence(600)
      const { item } = await client.next('conversation.item.added')
      const delta = await client.next('conversation.item.input_audio_transcription.delta')
      const said = await client.next('conversation.item.input_audio_transcription.completed')
      expect([delta.delta, said.transcript]).toEqual(['What is the time?', 'What is the time?'])
      expect(said.item_id).toBe(item.id)
      client.send({ type: 'response.create', event_id: 'mine' })
      expect((await client.next('error')).error).toMatchObject({ code: 'invalid_session_type' })
      await expect.poll(async () => (await live.stages.store.list({}, 10)).items.length).toBe(1)
      const [row] = (await live.stages.store.list({}, 10)).items
      expect(row).toMatchObject({ source: 'realtime', outcome: 'completed', llm: { digest: null } })
      expect(live.calls).not.toContain('respond')
    },
  )

  test('takes what its client commits, where turn_detection is null', async () => {
    live = await createRealtimeApp()
    const client = await live.connectRealtime('/v1/realtime?intent=transcription')
    await client.update({ type: 'transcription', audio: { input: { turn_detection: null } } })
    for (let turn = 0; turn < 2; turn++) {
      client.say(500)
      client.silence(100)
      client.send({ type: 'input_audio_buffer.commit' })
      await client.next('input_audio_buffer.committed')
    }
    for (let turn = 0; turn < 2; turn++) {
      const { transcript } = await client.next('conversation.item.input_audio_transcription.completed')
      expect(transcript).toBe('What is the time?')
    }
  })

  test('tells what could not be understood as failed', async () => {
    const recognizeError = new QuantvoxError('engine_failed', 'It broke.')
    live = await createRealtimeApp({ script: { recognizeError } })
    const client = await live.connectRealtime('/v1/realtime?intent=transcription')
    client.say(800)
    client.silence(600)
    const { error } = await client.next('conversation.item.input_audio_transcription.failed')
    expect(error.code).toBe('engine_failed')
    expect(client.types()).not.toContain('error')
  })
})

describe('what fails', () => {
  test('of a reply is told with its response, and the session goes on', async () => {
    live = await createRealtimeApp({
      script: { respondError: new QuantvoxError('engine_failed', 'It broke.') },
    })
    const client = await live.connectRealtime()
    client.send({ type: 'response.create' })
    const { response } = await client.next('response.done')
    expect(response).toMatchObject({
      ...{ status: 'failed', status_details: { type: 'failed', error: { code: 'engine_failed' } } },
    })
    expect(client.types()).not.toContain('error')
    live.script.respondError = null
    client.send({ type: 'response.create' })
    expect((await client.next('response.done')).response.status).toBe('completed')
  })
})
