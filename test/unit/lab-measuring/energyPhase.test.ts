import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { energyPhase } from '../../../server/lab/measuring/energy.ts'

test('a batch holds what its turns took, and the power of the rest before it', async () => {
  const watts = [10, 30]
  const meter = {
    source: 'test',
    async measure(until: Promise<unknown>) {
      const startedAt = performance.now()
      const now = watts.shift() ?? Number.NaN
      await until
      return (now * (performance.now() - startedAt)) / 1000
    },
  }
  let turns = 0
  const turn = async () => {
    turns++
    await sleep(10)
  }
  const { signal } = new AbortController()
  const phase = energyPhase({ meter, work: [{ side: 'llm', arm: 'x', turn }], batchMs: 60 })
  const [unit] = await phase.units([], signal)
  const [batch] = (await unit?.steps[0]?.measure(signal)) ?? []
  if (batch?.kind !== 'energy') throw new Error('no batch')
  expect(batch.idleWatts).toBeCloseTo(10, 0)
  expect(batch.joules / batch.seconds).toBeCloseTo(30, 0)
  expect(batch.seconds).toBeGreaterThanOrEqual(0.059)
  // One turn loads what the arm needs, before the rest.
  expect(batch.turns).toBe(turns - 1)
  expect(batch).toMatchObject({ side: 'llm', arm: 'x', source: 'test' })
})
