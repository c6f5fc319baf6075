import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useBalancer } from '../../support/postgres/balancer.ts'
import { isDeep, useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'
import { keepTalking, p95 } from '../../support/postgres/returningTalkers.ts'
import { once } from '../../support/postgres/server.ts'
import { randomFrom } from '../../support/record/records.ts'
import type { ScriptedServer } from '../../support/scriptedServer/start.ts'

const [ROUNDS, KILLS] = isDeep ? [5, 20] : [1, 2]
const SESSIONS = 10
const balancer = useBalancer()
const { postgres, replica } = useReplicas({ SCRIPTED_TOKEN_MS: '20', STOP_SECONDS: '20' })

const rowsIn = (record: string) =>
  once(record, async client =>
    (await client.query('SELECT turnid FROM turns')).rows.map(row => String(row.turnid)),
  )

/** The balancer gives it work, too. */
async function isBalanced(url: string, { pid }: ScriptedServer): Promise<void> {
  const pidAtHand = async () => {
    const info = (await (await fetch(`${url}/v1/info`)).json()) as { process?: { pid: number } }
    return info.process?.pid
  }
  await expect.poll(pidAtHand, { timeout: 60_000, interval: 100 }).toBe(pid)
}

test(
  `a rolling restart of both servers loses no turn of ${SESSIONS} sessions and refuses no socket`,
  async context => {
    const balance = await balancer()
    if (balance === null) return context.skip()
    const record = await postgres().emptyDatabase()
    const servers = await Promise.all([replica('a', record), replica('b', record)])
    const url = await balance(servers)
    for (const server of servers) await isBalanced(url, server)
    const talkers = keepTalking(url, SESSIONS)
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, name] of ['a', 'b'].entries()) {
        const before = talkers.ended.size
        await expect.poll(() => talkers.ended.size, { timeout: 60_000 }).toBeGreaterThan(before + SESSIONS)
        expect(await servers[i]?.stop()).toBe(0)
        const next = await replica(name, record)
        servers[i] = next
        await isBalanced(url, next)
      }
    }
    await talkers.stop()
    const { begun, ended, refused, gapsMs } = talkers
    console.info(
      `${ended.size} turns, ${gapsMs.length} sockets came back, p95 after ${Math.round(p95(gapsMs))} ms`,
    )
    expect(refused).toEqual([])
    expect([...begun].filter(turnId => !ended.has(turnId))).toEqual([])
    // Each server had some of the sessions each time.
    expect(gapsMs.length).toBeGreaterThanOrEqual(ROUNDS * SESSIONS)
    expect(p95(gapsMs)).toBeLessThan(10_000)
    await expect.poll(async () => new Set(await rowsIn(record)), { timeout: 30_000 }).toEqual(ended)
  },
  ROUNDS * WHOLE_MS,
)

test(
  `after ${KILLS} SIGKILLs of servers every turn that had ended is in the record, once`,
  async context => {
    const balance = await balancer()
    if (balance === null) return context.skip()
    const record = await postgres().emptyDatabase()
    const servers = await Promise.all([replica('c', record), replica('d', record)])
    const url = await balance(servers)
    for (const server of servers) await isBalanced(url, server)
    const talkers = keepTalking(url, SESSIONS)
    const random = randomFrom(KILLS)
    for (let kill = 0; kill < KILLS; kill++) {
      const i = kill % 2
      const before = talkers.ended.size
      await expect.poll(() => talkers.ended.size, { timeout: 60_000 }).toBeGreaterThan(before + SESSIONS)
      await sleep(random() * 500)
      servers[i]?.child.kill('SIGKILL')
      await servers[i]?.exited
      const next = await replica(i === 0 ? 'c' : 'd', record)
      servers[i] = next
      await isBalanced(url, next)
    }
    await talkers.stop()
    const { begun, ended, gapsMs } = talkers
    console.info(
      `${ended.size} turns ended, ${begun.size - ended.size} were cut off, sockets came back after ${Math.round(p95(gapsMs))} ms (p95)`,
    )
    const lost = async () => {
      const rows = await rowsIn(record)
      expect(new Set(rows).size).toBe(rows.length)
      return [...ended].filter(turnId => !rows.includes(turnId))
    }
    await expect.poll(lost, { timeout: 30_000 }).toEqual([])
    // A row may be committed and its client never have heard; no other is there.
    expect((await rowsIn(record)).filter(turnId => !begun.has(turnId)).length).toBeLessThanOrEqual(
      KILLS * SESSIONS,
    )
  },
  Math.max(1, KILLS / 4) * WHOLE_MS,
)
