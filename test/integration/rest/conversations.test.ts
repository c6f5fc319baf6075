import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { ConversationPage } from '../../../server/protocol/conversations.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'
import { askText } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const conversationId = 'kitchen'

/** A server on a record in SQLite, or on that of another, as after a restart. */
async function start(store: TurnStore = openTurnStore(':memory:', { saveText: true })): Promise<TestApp> {
  const server = await startTestApp({ script: { reply: ['Soup.'] } })
  server.stages.store.close()
  server.stages.store = store
  return server
}

const rename = (app: FastifyInstance, payload: object, id = conversationId) =>
  app.inject({ method: 'PATCH', url: `/v1/conversations/${id}`, payload })
const forget = (app: FastifyInstance, id = conversationId) =>
  app.inject({ method: 'DELETE', url: `/v1/conversations/${id}` })
const listed = async (app: FastifyInstance): Promise<ConversationPage['items']> =>
  (await app.inject('/v1/conversations')).json().items

/** What the model was told, without its system prompt. */
const told = (server: Pick<TestApp, 'lastPrompt'>) =>
  server
    .lastPrompt()
    .slice(1)
    .map(({ content }) => content)

describe('conversations', () => {
  test('are listed in pages, named, and no longer named', async () => {
    const { app } = await start()
    await askText(app, { text: 'What is for lunch?', conversationId })
    await askText(app, { text: 'And for dinner?', conversationId })
    await askText(app, { text: 'Is it dry?', conversationId: 'garden' })
    const page = (await app.inject('/v1/conversations?limit=1')).json()
    expect(Compile(ConversationPage).Errors(page)[1]).toEqual([])
    expect(page.items).toMatchObject([{ conversationId: 'garden', firstQuestion: 'Is it dry?' }])
    const next = (await app.inject(`/v1/conversations?limit=1&cursor=${page.nextCursor}`)).json()
    expect(next).toMatchObject({
      items: [{ conversationId, title: null, firstQuestion: 'What is for lunch?', turns: 2 }],
      nextCursor: null,
    })
    const named = await rename(app, { title: ' Food ' })
    expect([named.statusCode, named.json().title]).toEqual([200, 'Food'])
    expect((await listed(app))[1]).toEqual(named.json())
    expect((await rename(app, { title: null })).json().title).toBeNull()
  })

  test.each([
    [{ title: ' ' }, 400],
    [{ title: 'x'.repeat(201) }, 400],
    [{ name: 'Food' }, 400],
    [{}, 400],
  ])('%o is no name', async (body, status) => {
    const { app } = await start()
    await askText(app, { text: 'What is for lunch?', conversationId })
    expect((await rename(app, body)).statusCode).toBe(status)
    expect((await listed(app))[0]?.title).toBeNull()
  })

  test('that there are not are neither named nor forgotten', async () => {
    const { app } = await start()
    for (const response of [await rename(app, { title: 'Food' }), await forget(app)]) {
      expect([response.statusCode, response.json().code]).toEqual([404, 'not_found'])
    }
    expect((await forget(app, 'a b')).statusCode).toBe(400)
    expect((await app.inject('/v1/conversations?cursor=nonsense')).statusCode).toBe(400)
  })

  test('go on after a restart with what was said in them, over REST', async () => {
    const before = await start()
    await askText(before.app, { text: 'What is for lunch?', conversationId })
    const after = await start(before.stages.store)
    await askText(after.app, { text: 'And for dinner?', conversationId })
    expect(told(after)).toEqual(['What is for lunch?', 'Soup.', 'And for dinner?'])
  })

  test('go on with the answer that they went on with, of two', async () => {
    const before = await start()
    // Asked second as well as first.
    for (const text of ['One?', 'Two?'])
      await askText(before.app, { text, conversationId, compareWith: { llmModel: 'other:2b-q8_0' } })
    const after = await start(before.stages.store)
    await askText(after.app, { text: 'Three?', conversationId })
    expect(told(after)).toEqual(['One?', 'Soup.', 'Two?', 'Soup.', 'Three?'])
  })

  test('go on without a question that failed', async () => {
    const before = await start()
    before.script.respondError = new Error('unforeseen')
    await askText(before.app, { text: 'What is for lunch?', conversationId })
    const after = await start(before.stages.store)
    await askText(after.app, { text: 'And for dinner?', conversationId })
    expect(told(after)).toEqual(['And for dinner?'])
  })

  test('go on in a live session that names them at its start or later', async () => {
    const before = await start()
    for (const id of [conversationId, 'garden'])
      await askText(before.app, { text: `In the ${id}?`, conversationId: id })
    const live = await createLiveApp()
    live.stages.store = before.stages.store
    try {
      const client = await live.connect({ mode: 'push-to-talk', voice: 'none', conversationId })
      client.send({ type: 'text', text: 'And then?' })
      await client.next('turn.done')
      expect(told(live)).toEqual(['In the kitchen?', 'Soup.', 'And then?'])
      client.send({ type: 'configure', requestId: '1', conversationId: 'garden' })
      await client.next('configured')
      client.send({ type: 'text', text: 'And now?' })
      await client.next('turn.done')
      expect(told(live)).toEqual(['In the garden?', 'Soup.', 'And now?'])
    } finally {
      await live.app.close()
    }
  })

  test('that are forgotten leave no turn, no name, no reply and nothing for the model', async () => {
    const server = await start()
    const { app } = server
    const { audio } = (await askText(app, { text: 'What is for lunch?', conversationId })).json()
    await askText(app, { text: 'Is it dry?', conversationId: 'garden' })
    await rename(app, { title: 'Food' })
    expect((await app.inject(audio.url)).statusCode).toBe(200)
    const forgotten = await forget(app)
    expect([forgotten.statusCode, forgotten.body]).toEqual([204, ''])
    expect((await app.inject(audio.url)).statusCode).toBe(404)
    expect((await server.stages.store.list({ conversationId }, 9)).items).toEqual([])
    await askText(app, { text: 'Where were we?', conversationId })
    expect(told(server)).toEqual(['Where were we?'])
    expect((await listed(app)).map(({ conversationId: id, title }) => [id, title])).toEqual([
      [conversationId, null],
      ['garden', null],
    ])
  })

  test('are not kept, and not named, where SAVE_TEXT is off', async () => {
    const store = openTurnStore(':memory:', { saveText: false })
    const before = await start(store)
    await askText(before.app, { text: 'What is for lunch?', conversationId })
    expect(await listed(before.app)).toEqual([])
    const refused = await rename(before.app, { title: 'Food' })
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'invalid_state'])
    const after = await start(store)
    await askText(after.app, { text: 'And for dinner?', conversationId })
    expect(told(after)).toEqual(['And for dinner?'])
  })
})
