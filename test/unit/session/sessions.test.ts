import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runTalk } from '../../support/session/runTalk.ts'
import { invariants } from '../../support/session/sessionInvariants.ts'
import { shown, talks } from '../../support/session/sessionSteps.ts'
import { installVirtualTime, type VirtualTime } from '../../support/virtualTime.ts'

const STEPS = 40
/** `npm run check:deep` runs many more; a seed and a path that were printed run that one again. */
const { SESSIONS = '2000', SESSIONS_SEED, SESSIONS_PATH } = process.env

let time: VirtualTime
beforeEach(() => {
  time = installVirtualTime()
})
afterEach(() => time.restore())

test(`${SESSIONS} sessions of ${STEPS} steps keep every invariant`, {
  timeout: Number(SESSIONS) * 250,
}, async () => {
  const outcome = await fc.check(
    fc.asyncProperty(talks(STEPS), async talk => {
      const wrong = await runTalk(talk, time)
      if (wrong.length > 0) throw new Error([...wrong, shown(talk)].join('\n'))
    }),
    {
      numRuns: Number(SESSIONS),
      ...(SESSIONS_SEED === undefined ? {} : { seed: Number(SESSIONS_SEED) }),
      ...(SESSIONS_PATH === undefined ? {} : { path: SESSIONS_PATH }),
    },
  )
  console.log(
    `${outcome.numRuns} sessions, seed ${outcome.seed}, ${Object.keys(invariants).length} invariants`,
  )
  const again = `SESSIONS_SEED=${outcome.seed} SESSIONS_PATH=${outcome.counterexamplePath?.split(':')[0]}`
  if (outcome.failed) expect.fail(`${(outcome.errorInstance as Error).message}\nAgain: ${again}`)
})
