import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useBalancer } from '../../support/postgres/balancer.ts'
import { isDeep, useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'
import { keepTalking, p95 } from '../../support/postgres/returningTalkers.ts'
import { once } from '../../support/postgres/server.ts'
import type { ScriptedServer } from '../../support/scriptedServer/start.ts'

const [AWAY_MS, KILLS] = isDeep ? [30_000, 20] : [4_000, 3]
const SESSIONS = 6
const balancer = useBalancer()
const { postgres, replica } = useReplicas({ SCRIPTED_TOKEN_MS: '20', STOP_SECONDS: '20' })

const spooled = async ({ url }: ScriptedServer) => {
  const info = (await (await fetch(`${url}/v1/info`)).json()) as { record: { spooled: number } }
  return info.record.spooled
}

test(
  `PostgreSQL that is away for ${AWAY_MS / 1000} s and is killed ${KILLS} times under ${SESSIONS} sessions loses no row, doubles none and holds up no turn`,
  async context => {
    const balance = await balancer()
    if (balance === null) return context.skip()
    const record = await postgres().emptyDatabase()
    const servers = await Promise.all([replica('a', record), replica('b', record)])
    const talkers = keepTalking(await balance(servers), SESSIONS)
    const { ended, turnsMs } = talkers
    /** 95 % of the turns of so long take less. */
    const during = async (ms: number): Promise<number> => {
      // The first ones of each session are not counted.
      await expect.poll(() => turnsMs.length, { timeout: 60_000 }).toBeGreaterThan(SESSIONS)
      turnsMs.length = 0
      await sleep(ms)
      await expect.poll(() => turnsMs.length, { timeout: 60_000 }).toBeGreaterThan(SESSIONS)
      const value = p95(turnsMs)
      turnsMs.length = 0
      return value
    }
    const there = await during(AWAY_MS)
    await postgres().kill()
    const away = await during(AWAY_MS)
    const waiting = (await Promise.all(servers.map(spooled))).reduce((sum, rows) => sum + rows, 0)
    await postgres().start()
    console.info(
      `turns of ${Math.round(there)} ms (p95) with PostgreSQL, ${Math.round(away)} without; ${waiting} rows waited`,
    )
    expect(waiting).toBeGreaterThan(0)
    // Waiting for PostgreSQL would be seconds (it is connected to within 3 s); so much is the machine's own doing.
    expect(away).toBeLessThan(2 * there + 1_500)
    for (let kill = 0; kill < KILLS; kill++) {
      const before = ended.size
      await expect.poll(() => ended.size, { timeout: 60_000 }).toBeGreaterThan(before + SESSIONS)
      await postgres().kill()
      await postgres().start()
    }
    await talkers.stop()
    expect(talkers.refused).toEqual([])
    expect([...talkers.begun].filter(turnId => !ended.has(turnId))).toEqual([])
    for (const server of servers) await expect.poll(() => spooled(server), { timeout: 60_000 }).toBe(0)
    const { rows } = await once(record, client => client.query('SELECT turnid FROM turns'))
    expect(rows.map(row => String(row.turnid)).toSorted()).toEqual([...ended].toSorted())
  },
  2 * WHOLE_MS,
)
