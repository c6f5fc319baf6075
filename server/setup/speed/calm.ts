import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often is looked, and what a look is an average of. */
const LOOK_MS = 500
/** A machine of which less is in use is one whose speed can be measured. */
const MOST_BUSY = 0.25
/** Settles when the processor has little to do, or after `waitMs`. Throws the signal's reason. */
export async function untilCalm(waitMs: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + waitMs
  let before = times()
  while (performance.now() < until) {
    await sleep(LOOK_MS, undefined, { signal })
    const now = times()
    if ((now.busy - before.busy) / (now.all - before.all) < MOST_BUSY) return
    before = now
  }
}

function times(): { busy: number; all: number } {
  const sums = cpus().map(core => core.times)
  const all = sums.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { all, busy: all - sums.reduce((sum, { idle }) => sum + idle, 0) }
}
