import Value from 'typebox/value'
import { expect, test } from 'vitest'
import { ConversationPage } from '../../../server/protocol/conversations.ts'
import { RecordInfo } from '../../../server/protocol/info.ts'
import { TurnPage } from '../../../server/protocol/turnQueries.ts'
import { answerOf, askText } from '../../support/liveServer.ts'
import { useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'
import { once } from '../../support/postgres/server.ts'
import type { ScriptedServer } from '../../support/scriptedServer/start.ts'

const KILLS = 4
const { postgres, replica } = useReplicas()

async function stateOf({ url }: ScriptedServer): Promise<RecordInfo> {
  const { record } = (await (await fetch(`${url}/v1/info`)).json()) as { record: unknown }
  Value.Assert(RecordInfo, record)
  return record
}

async function listed({ url }: ScriptedServer): Promise<TurnPage['items']> {
  const page: unknown = await (await fetch(`${url}/v1/turns?limit=500`)).json()
  Value.Assert(TurnPage, page)
  return page.items
}

const spooled = async ({ url }: ScriptedServer) =>
  Number(/^quantvox_spool_rows (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1])

test(
  `two servers answer while PostgreSQL is killed ${KILLS} times, and it has every turn once`,
  async () => {
    const url = await postgres().emptyDatabase()
    const [a, b] = [await replica('a', url), await replica('b', url)]
    const answered: string[] = []
    let asking = true
    const clients = [a, a, b, b].map(async server => {
      while (asking) answered.push((await answerOf(askText(server.url, 'What is the time?'))).turnId)
    })
    for (let kill = 0; kill < KILLS; kill++) {
      const before = answered.length
      await expect.poll(() => answered.length, { timeout: 60_000 }).toBeGreaterThan(before + 8)
      await postgres().kill()
      const away = answered.length
      await expect.poll(() => answered.length, { timeout: 60_000 }).toBeGreaterThan(away + 4)
      await postgres().start()
    }
    asking = false
    await Promise.all(clients)
    for (const server of [a, b]) await expect.poll(() => spooled(server), { timeout: 30_000 }).toBe(0)
    const rows = await once(url, async client => (await client.query('SELECT turnid FROM turns')).rows)
    expect(rows.map(row => row.turnid).toSorted()).toEqual(answered.toSorted())
    const [ofA, ofB] = [await listed(a), await listed(b)]
    expect(ofA.map(turn => turn.turnId)).toEqual(ofB.map(turn => turn.turnId))
    expect(new Set(ofA.map(turn => turn.replicaId))).toEqual(new Set(['a', 'b']))
  },
  WHOLE_MS,
)

test(
  'a server without its PostgreSQL starts, answers, says so, and leaves its turns to its next start even when killed',
  async () => {
    const url = await postgres().emptyDatabase()
    await postgres().kill()
    const server = await replica('c', url)
    const { turnId } = await answerOf(askText(server.url, 'What is the time?'))
    await expect
      .poll(() => stateOf(server), { timeout: 20_000 })
      .toMatchObject({ state: 'spooling', unwritten: 0, spooled: 1 })
    expect((await stateOf(server)).detail).toMatch(/PostgreSQL cannot be used/)
    expect(await spooled(server)).toBe(1)
    expect((await fetch(`${server.url}/acceptz`)).status).toBe(200)
    for (const path of ['/v1/turns', '/v1/turns?format=csv', '/v1/summary']) {
      const refused = await fetch(`${server.url}${path}`)
      expect([path, refused.status, await refused.json()]).toEqual([
        path,
        503,
        expect.objectContaining({ code: 'record_unavailable' }),
      ])
      expect(refused.headers.get('retry-after')).toBe('5')
    }
    expect((await fetch(`${server.url}/v1/turns/${turnId}`)).status).toBe(200)
    server.child.kill('SIGKILL')
    await server.exited
    await postgres().start()
    const next = await replica('c', url)
    await expect.poll(() => listed(next), { timeout: 30_000 }).toMatchObject([{ turnId, replicaId: 'c' }])
    expect(await stateOf(next)).toEqual({ state: 'recording', detail: null, unwritten: 0, spooled: 0 })
    const last = await answerOf(askText(next.url, 'What is the time?'))
    expect(await next.stop()).toBe(0)
    // What a stop leaves behind is in PostgreSQL already.
    const there = await once(
      url,
      async client =>
        (await client.query('SELECT count(*)::int AS n FROM turns WHERE turnid = $1', [last.turnId])).rows,
    )
    expect(there).toEqual([{ n: 1 }])
  },
  WHOLE_MS,
)

test(
  'a conversation of one server is listed, named and forgotten by the other',
  async () => {
    const url = await postgres().emptyDatabase()
    const [a, b] = [await replica('d', url), await replica('e', url)]
    await answerOf(askText(a.url, 'What is the time?', { conversationId: 'kitchen' }))
    const kept = async ({ url }: ScriptedServer) => {
      const page: unknown = await (await fetch(`${url}/v1/conversations`)).json()
      Value.Assert(ConversationPage, page)
      return page.items.map(({ conversationId, title, turns }) => ({ conversationId, title, turns }))
    }
    const kitchen = { conversationId: 'kitchen', title: null, turns: 1 }
    await expect.poll(() => kept(b), { timeout: 30_000 }).toEqual([kitchen])
    const named = await fetch(`${b.url}/v1/conversations/kitchen`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Time' }),
    })
    expect(named.status).toBe(200)
    expect(await kept(a)).toEqual([{ ...kitchen, title: 'Time' }])
    expect((await fetch(`${b.url}/v1/conversations/kitchen`, { method: 'DELETE' })).status).toBe(204)
    expect([await kept(a), await listed(a)]).toEqual([[], []])
  },
  WHOLE_MS,
)
