import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { expect, test } from 'vitest'
import { connectLive } from '../../../scripts/bench/liveClient.ts'
import { TurnPage } from '../../../server/protocol/turnQueries.ts'
import { answerOf, askText } from '../../support/liveServer.ts'
import { statusOf, useBalancer } from '../../support/postgres/balancer.ts'
import { useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'

const TURNS = 50
const balancer = useBalancer()
const { postgres, replica } = useReplicas({ STOP_SECONDS: '10', SCRIPTED_TOKEN_MS: '50' })

const ask = async (url: string) => (await answerOf(askText(url, 'What is the time?'))).turnId

async function listed(url: string): Promise<TurnPage['items']> {
  const page: unknown = await (await fetch(`${url}/v1/turns?limit=500`)).json()
  Value.Assert(TurnPage, page)
  return page.items
}

test(
  'two servers behind HAProxy list the same turns, and one that stops lets its turn end and gets no other',
  async context => {
    const balance = await balancer()
    if (balance === null) return context.skip()
    const record = await postgres().emptyDatabase()
    const [a, b] = [await replica('a', record), await replica('b', record)]
    const url = await balance([a, b])
    const asked: string[] = []
    for (let turn = 0; turn < TURNS; turn += 5) {
      asked.push(...(await Promise.all(Array.from({ length: 5 }, () => ask(url)))))
    }
    await expect.poll(async () => (await listed(url)).length, { timeout: 20_000 }).toBe(TURNS)
    for (let list = 0; list < TURNS; list++) {
      const turns = await listed(url)
      expect(turns.map(({ turnId }) => turnId).toSorted()).toEqual(asked.toSorted())
      expect(new Set(turns.map(({ replicaId }) => replicaId))).toEqual(new Set(['a', 'b']))
    }

    const client = await connectLive(a.url, { mode: 'hands-free', voice: 'none' })
    const closed = Promise.withResolvers<string>()
    client.watch(message => message instanceof Error && closed.resolve(message.message))
    const [begun, done] = [client.next('reply.delta'), client.next('turn.done')]
    client.send({ type: 'text', text: 'What is the time?' })
    await begun
    const exited = a.stop()
    // A turn that comes before the signal is heard is its own still.
    await expect.poll(() => statusOf(`${a.url}/acceptz`), { interval: 5 }).not.toBe(200)
    const others: string[] = []
    for (let turn = 0; turn < 20; turn++) {
      others.push(await ask(url))
      const socket = await connectLive(url, { mode: 'hands-free', voice: 'none' })
      socket.close()
      await sleep(20)
    }
    expect(await done).toMatchObject({ outcome: 'completed' })
    expect(await closed.promise).toMatch(/1001/)
    expect(await exited).toBe(0)
    const late = (await listed(url)).filter(({ turnId }) => others.includes(turnId))
    expect(late.map(({ replicaId }) => replicaId)).toEqual(others.map(() => 'b'))
  },
  WHOLE_MS,
)
