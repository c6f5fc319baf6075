import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents/realtime'
import { afterEach, describe, expect, test } from 'vitest'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

const TOKEN = 'a-token-of-the-operator'

let live: LiveApp
let session: RealtimeSession | null = null
afterEach(async () => {
  session?.close()
  session = null
  await live.app.close()
})

/** The session of `@openai/agents`, as it is, at an app over scripted stages. */
async function open(agent: RealtimeAgent) {
  const address = await live.app.listen({ port: 0 })
  const errors: unknown[] = []
  const opened = new RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' })
  session = opened
  opened.on('error', error => errors.push(error))
  await opened.connect({ apiKey: TOKEN, url: `${address.replace('http', 'ws')}/v1/realtime` })
  const seen = <T>(what: () => T | undefined | null | false): Promise<T> =>
    expect
      .poll(what, { timeout: 8000, interval: 20 })
      .toBeTruthy()
      .then(() => what() as T)
  return { session: opened, errors, seen }
}

const sound = (ms: number, level: number) => new Int16Array(ms * 24).fill(level).buffer
const say = (at: RealtimeSession) => {
  at.sendAudio(sound(800, 8000))
  at.sendAudio(sound(1200, 0))
}
const messages = (at: RealtimeSession) =>
  at.history.flatMap(item => (item.type === 'message' ? [{ role: item.role, content: item.content }] : []))

describe('the realtime session of @openai/agents', () => {
  test('speaks, hears the answer, and has both in its history', async () => {
    live = await createLiveApp({ settings: { AUTH_TOKEN: TOKEN } })
    const at = await open(new RealtimeAgent({ name: 'Assistant', instructions: 'Be kind.' }))
    let bytes = 0
    at.session.on('audio', ({ data }) => {
      bytes += data.byteLength
    })
    say(at.session)
    await at.seen(
      () => messages(at.session).length === 2 && JSON.stringify(messages(at.session)).includes('evening'),
    )
    expect(messages(at.session)).toMatchObject([
      { role: 'user', content: [{ type: 'input_audio', transcript: 'What is the time?' }] },
      {
        role: 'assistant',
        content: [{ type: 'output_audio', transcript: 'It is ten past nine. Good evening.' }],
      },
    ])
    expect(bytes).toBeGreaterThan(24_000)
    expect(live.lastPrompt()[0]?.content).toBe('Be kind.')
    expect(at.errors).toEqual([])
    const { items } = await live.stages.store.list({}, 10)
    expect(items[0]).toMatchObject({ source: 'realtime', outcome: 'completed' })
  })

  test('interrupts the answer, and its history ends where it was heard', async () => {
    live = await createLiveApp({ settings: { AUTH_TOKEN: TOKEN }, script: { tokenMs: 250 } })
    const at = await open(new RealtimeAgent({ name: 'Assistant' }))
    let interrupted = 0
    let audio = 0
    at.session.on('audio', () => audio++)
    at.session.on('audio_interrupted', () => interrupted++)
    say(at.session)
    await at.seen(() => audio > 0)
    say(at.session)
    await at.seen(() => interrupted > 0 && messages(at.session).length === 4)
    await at.seen(() => messages(at.session)[3]?.content.length)
    const [, cut] = messages(at.session)
    expect(JSON.stringify(cut)).not.toContain('evening')
    expect(at.errors).toEqual([])
  })

  test('calls a function and speaks of what came of it', async () => {
    live = await createLiveApp({ settings: { AUTH_TOKEN: TOKEN } })
    const asked: unknown[] = []
    live.stages.llm = leasesAt(
      async () => 'http://127.0.0.1:1',
      async function* (_host, prompt, { tools }) {
        asked.push(tools?.map(({ name }) => name))
        if (prompt.at(-1)?.role === 'tool') yield { type: 'text', text: `It is ${prompt.at(-1)?.content}.` }
        else
          yield { type: 'tool-call', call: { id: 'call_1', name: 'weather', arguments: { place: 'Paris' } } }
      },
    )
    const places: unknown[] = []
    const weather = tool({
      name: 'weather',
      description: 'The weather of a place.',
      parameters: {
        type: 'object' as const,
        properties: { place: { type: 'string' as const } },
        required: ['place'],
        additionalProperties: true as const,
      },
      strict: false,
      async execute(input) {
        places.push(input)
        return 'rainy'
      },
    })
    const at = await open(new RealtimeAgent({ name: 'Assistant', tools: [weather] }))
    at.session.sendMessage('How is the weather in Paris?')
    await at.seen(() => JSON.stringify(messages(at.session)).includes('It is rainy.'))
    expect(places).toEqual([{ place: 'Paris' }])
    expect(asked).toEqual([['weather'], ['weather']])
    expect(at.errors).toEqual([])
  })
})
