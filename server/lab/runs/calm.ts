import { setTimeout as sleep } from 'node:timers/promises'
import type { TurnsUnderWay } from '../../session/underWay.ts'

/** A step that ends by itself so soon after a turn began is not broken off: who speaks needs no answer yet. */
const GRACE_MS = 500

export type Calm<T> = { disturbed: false; value: T } | { disturbed: true; value: T | null }

/**
 * Does `work` when no turn of a person is under way. One that begins meanwhile comes first: the work is broken off, or, where it
 * ends within half a second, disturbed all the same.
 * @throws what `work` throws, the signal's reason
 */
export async function whenCalm<T>(
  underWay: TurnsUnderWay,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  graceMs = GRACE_MS,
): Promise<Calm<T>> {
  await underWay.untilNone(signal)
  const givenUp = new AbortController()
  let disturbed = false
  const stopWatching = underWay.onBegin(() => {
    disturbed = true
    void sleep(graceMs, undefined, { ref: false }).then(() =>
      givenUp.abort(new Error('a live turn comes first')),
    )
  })
  try {
    const value = await work(AbortSignal.any([signal, givenUp.signal]))
    return disturbed ? { disturbed, value } : { disturbed, value }
  } catch (error) {
    // Whatever breaks in work that was given up, giving it up is why.
    if (!signal.aborted && givenUp.signal.aborted) return { disturbed: true, value: null }
    throw error
  } finally {
    stopWatching()
  }
}
