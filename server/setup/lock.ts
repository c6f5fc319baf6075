import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'
import { QuantvoxError } from '../errors.ts'
import { cachePaths, ensureDirectory } from './cache.ts'
import { codeOf } from './failures.ts'
import { reporter, type SetupContext } from './types.ts'

/** A holder that died is overtaken after this; one that lives renews its lock well before. */
const STALE_MS = 20_000
const RENEW_MS = 5_000
const POLL_MS = 250

/**
 * Runs `work` while no other setup, in this process or another, works on the same item. The second one waits; it should
 * then look again whether the item is there.
 */
export async function withLock<T>(
  item: string,
  context: SetupContext,
  work: (context: SetupContext) => Promise<T>,
): Promise<T> {
  const { locks } = cachePaths(context.cacheDir)
  await ensureDirectory(locks)
  const lost = new AbortController()
  const release = await acquire(join(locks, item.replaceAll(/[^\w.-]/g, '_')), item, context, error => {
    lost.abort(
      new QuantvoxError('engine_unavailable', `The lock on ${item} in ${locks} was lost.`, {
        meaning: 'Another setup may be working on the same item.',
        mend: 'Run `npx quantvox setup` again.',
        cause: error,
      }),
    )
  })
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, lost.signal]) })
  } finally {
    // A lock that was lost is not ours to release; proper-lockfile says so with an error.
    if (!lost.signal.aborted) await release()
  }
}

/** What is there, or what `make` makes under the lock on `item`, unless another setup made it meanwhile. */
export async function foundOrMade<T>(
  item: string,
  context: SetupContext,
  find: (context: SetupContext) => Promise<T | null>,
  make: (context: SetupContext) => Promise<T>,
): Promise<T> {
  const there = await find(context)
  return (
    there ?? (await withLock(item, context, async locked => (await find(locked)) ?? (await make(locked))))
  )
}

async function acquire(
  path: string,
  item: string,
  context: SetupContext,
  onLost: (error: Error) => void,
): Promise<() => Promise<void>> {
  const { signal } = context
  for (let waits = 0; ; waits++) {
    signal.throwIfAborted()
    try {
      return await lock(path, { realpath: false, stale: STALE_MS, update: RENEW_MS, onCompromised: onLost })
    } catch (error) {
      if (codeOf(error) !== 'ELOCKED') throw error
    }
    if (waits === 0) reporter(context, item)('waiting for a setup that is under way')
    await sleep(POLL_MS, undefined, { signal })
  }
}
