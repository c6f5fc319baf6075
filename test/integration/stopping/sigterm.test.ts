import { expect, test } from 'vitest'
import { lostRows, signalTrials, type Trial } from '../../support/scriptedServer/trials.ts'

/** All turns end, and all sockets are told. */
async function endedWell({ server, talk }: Trial): Promise<string[]> {
  const code = await server.exited
  return [
    ...(code === 0 ? [] : [`it exited with ${code}`]),
    ...(await talk.closed)
      .filter(closed => closed !== 1001)
      .map(closed => `a socket was closed with ${closed}`),
    ...(await lostRows(server, talk.begun)),
  ]
}

test('50 SIGTERMs at random moments of live turns let them end, lose no row, close with 1001, and leave no process', async () => {
  const { wrong, turnsEnded } = await signalTrials('SIGTERM', 50, endedWell)
  expect(wrong).toEqual([])
  expect(turnsEnded).toBeGreaterThan(50)
}, 300_000)
