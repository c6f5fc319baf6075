import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { chosenSubprotocol } from '../../../server/doors/openai/realtime/route.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { upgradeWith } from '../../support/fakes/fakeLive.ts'
import { createRealtimeApp, type RealtimeApp } from '../../support/realtime/realtimeClient.ts'

let live: RealtimeApp
afterEach(async () => {
  await live.app.close()
})

const TOKEN = 'a-token-of-the-operator'
const settings = { AUTH_TOKEN: TOKEN, LOG_LEVEL: 'trace' }
const path = '/v1/realtime?model=gpt-realtime'
const protocols = (...offered: string[]) => ({ 'sec-websocket-protocol': offered.join(', ') })
const bearer = { authorization: `Bearer ${TOKEN}` }

/** The subprotocol that a browser would be told. */
async function selected(...offered: string[]): Promise<string> {
  const address = await live.app.listen({ port: 0 }).catch(() => `http://localhost:${portOf(live.app)}`)
  const socket = new WebSocket(`${address.replace('http', 'ws')}${path}`, offered)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('it was refused')))
  })
  socket.close()
  return socket.protocol
}

const portOf = ({ server }: RealtimeApp['app']) => (server.address() as AddressInfo).port

describe('the key', () => {
  // Report 17: no subprotocol was selected, or the key.
  test('comes as Bearer, or in a subprotocol, of which only realtime is selected', async () => {
    live = await createRealtimeApp({ settings })
    await (await live.connectRealtime(path, bearer)).next('session.created')
    const key = `openai-insecure-api-key.${TOKEN}`
    const offered = protocols('realtime', key, 'openai-agents-sdk.0.20.0')
    await (await live.connectRealtime(path, offered)).next('session.created')
    expect(await selected('realtime', key, 'openai-agents-sdk.0.20.0')).toBe('realtime')
    expect(await selected(key, 'realtime')).toBe('realtime')
    expect(live.logLines.join('')).not.toContain(TOKEN)
  })

  test('is never selected as a subprotocol, at any door', async () => {
    live = await createRealtimeApp()
    expect(chosenSubprotocol(new Set(['openai-insecure-api-key.mine']))).toBe(false)
    expect(chosenSubprotocol(new Set(['openai-project.x', 'realtime']))).toBe('realtime')
    expect(chosenSubprotocol(new Set(['chat', 'other']))).toBe('chat')
  })

  test('is needed, and a wrong one refused', async () => {
    live = await createRealtimeApp({ settings })
    await expect(live.connectRealtime(path)).rejects.toThrow('401')
    const wrong = protocols('realtime', 'openai-insecure-api-key.wrong')
    await expect(live.connectRealtime(path, wrong)).rejects.toThrow('401')
    await expect(
      live.app.injectWS('/v1/voice', upgradeWith({ host: 'localhost', ...wrong })),
    ).rejects.toThrow('401')
  })

  // Report 16, with the names of the beta's events, which eventOrder.ts holds all sessions against.
  test('with the beta’s name of the protocol is refused', async () => {
    live = await createRealtimeApp()
    const beta = protocols('realtime', 'openai-beta.realtime-v1')
    await expect(live.connectRealtime(path, beta)).rejects.toThrow('400')
    await expect(live.connectRealtime(path, { 'openai-beta': 'realtime=v1' })).rejects.toThrow('400')
  })
})

describe('client secrets', () => {
  const ask = (payload: object) =>
    live.app.inject({
      ...{ method: 'POST', url: '/v1/realtime/client_secrets', payload },
      headers: { host: 'localhost', ...bearer },
    })

  test('open sessions more than once, configured as their maker wants them', async () => {
    live = await createRealtimeApp({ settings })
    const answer = await ask({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: { type: 'realtime', model: 'gpt-realtime', instructions: 'Be kind.', unknown: 1 },
    })
    expect(answer.statusCode).toBe(200)
    const { value, expires_at, session } = answer.json()
    expect(value).toMatch(/^ek_/)
    expect(expires_at - Date.now() / 1000).toBeGreaterThan(50)
    expect(session).toMatchObject({
      ...{ object: 'realtime.session', type: 'realtime', instructions: 'Be kind.' },
      model: 'fake:1b-q4_K_M',
    })
    expect(session.id).toMatch(/^sess_/)
    for (let times = 0; times < 2; times++) {
      const client = await live.connectRealtime(
        path,
        protocols('realtime', `openai-insecure-api-key.${value}`),
      )
      const created = await client.next('session.created')
      expect(created.session).toMatchObject({ instructions: 'Be kind.', expires_at })
    }
    expect(live.logLines.join('')).not.toContain(value)
  })

  test('open nothing else', async () => {
    live = await createRealtimeApp({ settings })
    const { value } = (await ask({})).json()
    const headers = { host: 'localhost', authorization: `Bearer ${value}` }
    const models = await live.app.inject({ url: '/v1/models', headers })
    expect(models.statusCode).toBe(401)
    const more = await live.app.inject({
      ...{ method: 'POST', url: '/v1/realtime/client_secrets', payload: {}, headers },
    })
    expect(more.statusCode).toBe(401)
  })

  test('that are none are refused, also where no token is needed', async () => {
    live = await createRealtimeApp()
    const key = protocols('realtime', `openai-insecure-api-key.ek_${'a'.repeat(32)}`)
    await expect(live.connectRealtime(path, key)).rejects.toThrow('401')
  })

  test.each([
    [{ expires_after: { seconds: 5 } }, 'expires_after.seconds'],
    [{ session: { audio: { output: { voice: 'nobody' } } } }, 'voice'],
    [{ session: { tools: 'all' } }, 'session.tools'],
  ])('%j is refused as OpenAI does', async (payload, param) => {
    live = await createRealtimeApp({ settings })
    const answer = await ask(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toMatchObject({ type: 'invalid_request_error', param })
  })
})

test('WebRTC is not there, and says so', async () => {
  live = await createRealtimeApp()
  const answer = await live.app.inject({
    ...{ method: 'POST', url: '/v1/realtime/calls', payload: 'v=0' },
    headers: { host: 'localhost', 'content-type': 'application/sdp' },
  })
  expect(answer.statusCode).toBe(501)
  expect(answer.json().error).toMatchObject({ code: 'not_implemented', type: 'invalid_request_error' })
  const plain = await live.app.inject({ url: '/v1/realtime', headers: { host: 'localhost' } })
  expect(plain.statusCode).toBe(426)
})

test('a base address without /v1 leads there, too', async () => {
  live = await createRealtimeApp()
  const client = await live.connectRealtime('/realtime?model=gpt-realtime')
  await client.next('session.created')
})

test('sessions of all doors share the places that there are', async () => {
  live = await createRealtimeApp({ settings: { MAX_SESSIONS: '1' } })
  await live.connect()
  await expect(live.connectRealtime(path)).rejects.toThrow('503')
})

test('an unknown model is told, and the session closed', async () => {
  live = await createRealtimeApp()
  const { languageModel } = live.stages
  live.stages.languageModel = async (name, signal) => {
    if (name === 'nobody:1b') throw new QuantvoxError('model_not_found', 'It is not installed.')
    return await languageModel(name, signal)
  }
  const client = await live.connectRealtime('/v1/realtime?model=nobody:1b')
  expect((await client.next('error')).error).toMatchObject({ code: 'model_not_found' })
  expect(await client.closed).toBe(1008)
})
