import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { useBalancer } from '../../support/postgres/balancer.ts'
import { useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'

// Requests that follow each other go to one server and the other in turn (roundrobin), sockets to the one that has fewer.

const TIMES = 50
const TOKEN = 'a-token-of-some-length'
const authorization = `Bearer ${TOKEN}`
const REPLY = 'It is ten past nine. Good evening.'
const folder = mkdtempSync(join(tmpdir(), 'quantvox-shared-state-'))
const messagesFile = join(folder, 'messages')
const settings: Record<string, string> = {
  ...{ AUTH_TOKEN: TOKEN, REPLY_STORE: join(folder, 'replies'), VOICE: 'remote:someone' },
  ...{ SCRIPTED_MESSAGES: messagesFile, SCRIPTED_TOKEN_MS: '1', STOP_SECONDS: '1' },
}
const balancer = useBalancer()
const { postgres, replica } = useReplicas(settings)
/** Says a tenth of a second of whatever it is given. */
const speaker = createServer((request, response) =>
  request.resume().on('end', () => response.end(Buffer.alloc(4_800, 1))),
)
beforeAll(async () => {
  await new Promise<void>(settle => speaker.listen(0, '127.0.0.1', settle))
  settings.SYNTHESIS_URL = `http://127.0.0.1:${(speaker.address() as AddressInfo).port}`
})
beforeEach(() => writeFileSync(messagesFile, ''))
afterAll(() => {
  speaker.closeAllConnections()
  speaker.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

const call = (url: string, path: string, body?: object, method = body ? 'POST' : 'GET') =>
  fetch(url + path, {
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
const json = async <T>(answer: Promise<Response>) => (await (await answer).json()) as T
const ask = (url: string, text: string, more: object = {}) =>
  json<{ turnId: string; audio: { url: string } | null }>(call(url, '/v1/turns', { text, ...more }))
const ticketOf = async (url: string) =>
  (await json<{ ticket: string }>(call(url, '/v1/tickets', undefined, 'POST'))).ticket

/** Whether it opened; it is closed again. */
async function opens(url: string, path: string, protocols: string[] = []): Promise<boolean> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, protocols)
  const closed = new Promise(settle => socket.addEventListener('close', settle))
  const opened = await new Promise<boolean>(settle => {
    socket.addEventListener('open', () => settle(true))
    socket.addEventListener('error', () => settle(false))
  })
  socket.close()
  await closed
  return opened
}
const opensWith = (url: string, ticket: string) => opens(url, `/v1/voice?ticket=${ticket}`)

/** What the language model was given last. */
const lastMessages = () =>
  (
    JSON.parse(readFileSync(messagesFile, 'utf8').trim().split('\n').at(-1) ?? '[]') as {
      role: string
      content: string
    }[]
  )
    .filter(({ role }) => role !== 'system')
    .map(({ content }) => content)

test(
  'tickets, links of replies, conversations and client secrets of one server are good at the other, behind HAProxy',
  async context => {
    const balance = await balancer()
    if (balance === null) return context.skip()
    const record = await postgres().emptyDatabase()
    // What it prints has the token in it.
    const started = (name: string) =>
      replica(name, record).then(({ url, log }) => ({ url: new URL(url).origin, log }))
    const [a, b] = await Promise.all([started('a'), started('b')])
    const url = await balance([a, b])

    const opened: boolean[] = []
    for (let time = 0; time < TIMES; time++) opened.push(await opensWith(url, await ticketOf(url)))
    expect(opened.filter(Boolean)).toHaveLength(TIMES)
    for (const [issuer, taker] of [
      [a, b],
      [b, a],
    ] as const) {
      const ticket = await ticketOf(issuer.url)
      expect(await opensWith(taker.url, ticket)).toBe(true)
      // What one took the other takes no more, nor the same again.
      expect(await Promise.all([opensWith(issuer.url, ticket), opensWith(taker.url, ticket)])).toEqual([
        false,
        false,
      ])
    }

    const links: number[] = []
    for (let time = 0; time < TIMES; time++) {
      const { audio } = await ask(url, 'What is the time?')
      const answer = await call(url, audio?.url ?? '/none')
      const wav = Buffer.from(await answer.arrayBuffer())
      links.push(answer.status === 200 && wav.toString('latin1', 0, 4) === 'RIFF' ? wav.length : 0)
    }
    expect(links.filter(length => length > 4_800)).toHaveLength(TIMES)
    const { turnId, audio } = await ask(a.url, 'What is the time?')
    expect((await call(b.url, audio?.url ?? '/none')).status).toBe(200)
    await expect
      .poll(async () => (await call(b.url, `/v1/turns/${turnId}`, undefined, 'DELETE')).status, {
        timeout: 10_000,
      })
      .toBe(204)
    expect((await call(a.url, audio?.url ?? '/none')).status).toBe(404)

    const chat = (messages: object[]) => ({
      ...{ messages, model: 'scripted:1b-q4_K_M', modalities: ['text', 'audio'] },
      audio: { voice: 'remote:someone', format: 'wav' },
    })
    const { choices } = await json<{ choices: { message: { audio: { id: string } } }[] }>(
      call(a.url, '/v1/chat/completions', chat([{ role: 'user', content: 'What is the time?' }])),
    )
    const earlier = { role: 'assistant', audio: { id: choices[0]?.message.audio.id } }
    const asked = chat([
      { role: 'user', content: 'What is the time?' },
      earlier,
      { role: 'user', content: 'And now?' },
    ])
    expect((await call(b.url, '/v1/chat/completions', asked)).status).toBe(200)
    expect(lastMessages()).toEqual(['What is the time?', REPLY, 'And now?'])

    const kitchen = { conversationId: 'kitchen' }
    for (const [at, text] of [
      [a, 'One?'],
      [b, 'Two?'],
      [a, 'Three?'],
      [a, 'Four?'],
      [b, 'Five?'],
    ] as const) {
      const { turnId } = await ask(at.url, text, kitchen)
      // Its row is on its way for some milliseconds.
      for (const { url } of [a, b]) expect((await call(url, `/v1/turns/${turnId}`)).status).toBe(200)
    }
    const said = ['One?', 'Two?', 'Three?', 'Four?', 'Five?']
    expect(lastMessages()).toEqual(
      said.flatMap((text, i) => (i === said.length - 1 ? [text] : [text, REPLY])),
    )

    const { value } = await json<{ value: string }>(call(a.url, '/v1/realtime/client_secrets', {}))
    const protocols = ['realtime', `openai-insecure-api-key.${value}`]
    for (const { url } of [b, a, b]) expect(await opens(url, '/v1/realtime', protocols)).toBe(true)

    await postgres().kill()
    const ticket = await ticketOf(a.url)
    for (const opened of [true, false])
      for (const { url } of [b, a]) expect(await opensWith(url, ticket)).toBe(opened)
    expect((await ask(b.url, 'Six?', kitchen)).turnId).toBeTruthy()
    expect(lastMessages()).toEqual(
      [...said, 'Six?'].flatMap((text, i) => (i === said.length ? [text] : [text, REPLY])),
    )
    for (const server of [a, b]) {
      expect(server.log()).not.toContain(ticket)
      expect(server.log()).not.toContain(value)
    }
  },
  WHOLE_MS,
)
