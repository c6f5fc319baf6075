import { expect, test } from 'vitest'
import { runAttack } from '../../scripts/attack/attack.ts'
import { KILLS_ROUND, killAttack } from '../../scripts/attack/kills/killAttack.ts'

test('an engine that is killed in a turn costs that turn at most', { timeout: 900_000 }, async () => {
  const lines: string[] = []
  const faults = await runAttack(killAttack, { count: KILLS_ROUND, seed: 1, first: 0 }, line =>
    lines.push(line),
  )
  expect(faults, lines.join('\n')).toBe(0)
})
