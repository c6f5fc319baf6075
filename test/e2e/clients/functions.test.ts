import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectLive } from '../../../scripts/bench/liveClient.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { clip, type LiveServer, startLiveServer } from '../../support/liveServer.ts'
import { createOrderCheck, type ServerEvent } from '../../support/realtime/eventOrder.ts'
import { clipAt24, speak } from '../../support/realtime/microphone.ts'

/**
 * Functions that a real model calls through each door. It is the smallest that is here and can: asked like this, at temperature 0, it calls
 * and answers whatever the seed. What it answers is its own matter.
 */

const MODEL = 'qwen2.5-coder:0.5b-instruct-q4_K_M'
const INSTRUCTIONS =
  'You are a kind assistant of somebody in Oslo. Call the tool once; then answer with what it said, in one short sentence.'
const QUESTION = "What's the weather like?"
const RESULT = JSON.stringify({ weather: 'snow', temperature: -17 })
const weather = {
  name: 'get_weather',
  description: 'The current weather in a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'name of the city' } },
    required: ['city'],
  },
}
/** Small models may talk for minutes. */
const MAX_TOKENS = 60

let folder: string
let server: LiveServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-functions-'))
  const config = join(folder, 'mcp.json')
  await writeFile(config, JSON.stringify({ servers: {}, allow: {} }))
  server = await startLiveServer({ LLM_MODEL: MODEL, TEMPERATURE: '0', MCP_CONFIG: config })
}, 900_000)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

async function rowsFrom(source: StoredTurn['source']): Promise<StoredTurn[]> {
  const answer = await fetch(`${server.url}/v1/turns`)
  const { items } = (await answer.json()) as { items: StoredTurn[] }
  return items.filter(row => row.source === source)
}

test("the openai package's chat: a call, its result, the answer", async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'any', maxRetries: 0 })
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: INSTRUCTIONS },
    { role: 'user', content: QUESTION },
  ]
  const tools = [{ type: 'function' as const, function: weather }]
  const wanted = { model: 'gpt-4o', tools, temperature: 0, seed: 1, max_tokens: MAX_TOKENS }
  const called = await client.chat.completions.create({ ...wanted, messages })
  const [choice] = called.choices
  const call = choice?.message.tool_calls?.[0]
  if (choice === undefined || call?.type !== 'function')
    throw new Error(`nothing was called: ${JSON.stringify(called)}`)
  expect([choice.finish_reason, choice.message.content, call.function.name]).toEqual([
    ...['tool_calls', null, 'get_weather'],
  ])
  expect(JSON.parse(call.function.arguments)).toHaveProperty('city')

  const result = { role: 'tool' as const, tool_call_id: call.id, content: RESULT }
  const answer = client.chat.completions.stream({
    ...wanted,
    ...{ tool_choice: 'none' as const, messages: [...messages, choice.message, result] },
  })
  const { message, finish_reason } = (await answer.finalChatCompletion()).choices[0] ?? {}
  expect(message?.content).toMatch(/\w/)
  expect([message?.tool_calls, finish_reason]).toEqual([
    undefined,
    expect.stringMatching(/^(?:stop|length)$/),
  ])
  const [answered, asked] = await rowsFrom('openai')
  expect([asked?.outcome, answered?.outcome, answered?.llm.model]).toEqual([
    ...['completed', 'completed', MODEL],
  ])
})

test("the openai package's Realtime: a spoken question, a call, its result, the spoken answer", async () => {
  const { hostname: host, port } = new URL(server.url)
  const api = new OpenAI({ apiKey: 'any', baseURL: `${server.url.replace('http:', 'https:')}/v1` })
  const client = new OpenAIRealtimeWS(
    // It speaks TLS only, whose front is left out here.
    { model: 'gpt-realtime', options: { createConnection: () => connect({ host, port: Number(port) }) } },
    api,
  )
  const order = createOrderCheck()
  let audioBytes = 0
  client.on('event', (event: unknown) => order.take(event as ServerEvent))
  client.on('response.output_audio.delta', ({ delta }) => {
    audioBytes += Buffer.from(delta, 'base64').length
  })
  const next = <T extends ServerEvent['type']>(type: T) =>
    new Promise<Extract<ServerEvent, { type: T }>>((resolve, reject) => {
      client.once('error', reject)
      const take = (event: { type: string }) => {
        if (event.type !== type) return
        client.off('event', take)
        resolve(event as Extract<ServerEvent, { type: T }>)
      }
      client.on('event', take)
    })
  await next('session.created')
  const updated = next('session.updated')
  client.send({
    type: 'session.update',
    session: {
      ...{ type: 'realtime', instructions: INSTRUCTIONS, max_output_tokens: MAX_TOKENS },
      tools: [{ type: 'function', ...weather }],
    },
  })
  await updated
  const calling = next('response.function_call_arguments.done')
  const called = next('response.done')
  const append = (pcm: Buffer) =>
    client.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') })
  await speak(await clipAt24(clip('azure-weather')), append, called)
  expect((await called).response).toMatchObject({
    status: 'completed',
    output: [{ type: 'function_call', name: 'get_weather', status: 'completed' }],
  })
  const { call_id, arguments: given } = await calling
  expect(JSON.parse(given)).toHaveProperty('city')

  const answered = next('response.done')
  const spoken = next('response.output_audio_transcript.done')
  client.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id, output: RESULT },
  })
  client.send({ type: 'response.create', response: { tool_choice: 'none' } })
  expect((await spoken).transcript).toMatch(/\w/)
  expect((await answered).response.status).toMatch(/^(?:completed|incomplete)$/)
  expect(audioBytes).toBeGreaterThan(10_000)
  client.close()
  const rows = await rowsFrom('realtime')
  expect(rows.map(({ llm }) => llm.model)).toEqual([MODEL, MODEL])
  expect(rows[1]?.transcript).toMatch(/weather/i)
})

test('our own session: the clock is asked, and the row says so', async () => {
  const client = await connectLive(server.url, { mode: 'push-to-talk', voice: 'none' })
  const started = client.next('tool.started')
  const done = client.next('tool.done')
  const over = client.next('turn.done')
  client.send({ type: 'text', text: 'What time is it?' })
  expect(await started).toMatchObject({ name: 'get_time' })
  const { turnId, ...told } = await done
  expect(told).toMatchObject({ name: 'get_time', outcome: 'done' })
  // What it makes of the answer may take it minutes.
  client.send({ type: 'interrupt', turnId })
  const { timings } = await over
  expect(timings.tools?.[0]).toMatchObject({ name: 'get_time', outcome: 'done' })
  client.close()
  expect((await rowsFrom('socket'))[0]?.tools?.[0]).toMatchObject({ name: 'get_time', outcome: 'done' })
})
