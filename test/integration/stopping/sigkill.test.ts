import { expect, test } from 'vitest'
import { signalTrials } from '../../support/scriptedServer/trials.ts'

test('50 SIGKILLs at random moments of live turns lose no row of an ended turn and leave no process, and the next start works', async () => {
  const { wrong, turnsEnded } = await signalTrials('SIGKILL', 50, async () => [])
  expect(wrong).toEqual([])
  expect(turnsEnded).toBeGreaterThan(50)
}, 300_000)
