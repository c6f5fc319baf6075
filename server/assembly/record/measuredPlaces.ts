import { hostname } from 'node:os'
import { sleep } from '../../abort.ts'
import { type Config, isLoopback } from '../../config.ts'
import type { Log } from '../../log.ts'
import { LEASE_SECONDS, type SharedWork, toldInTime } from '../../record/turnStore.ts'

const KIND = 'place'
const RENEW_MS = 3_000
const LOOK_MS = 1_000
/** Somebody measured there when that was known last: so long a record that does not answer is waited for. */
const TAKEN_FOR_MS = 10 * 60_000

/** Where the engines of a server are that a comparison measures: on its machine, and where the language model is, if that is another. */
export function placesOf({ OLLAMA_HOST }: Pick<Config, 'OLLAMA_HOST'>): string[] {
  const { hostname: name, host } = new URL(OLLAMA_HOST)
  return [...new Set([hostname(), isLoopback(name) ? hostname() : host])].toSorted()
}

/**
 * Waits until no other server that shares the record measures at one of these places, and has them until the returned function is called, or
 * this process ends. What cannot be asked holds up nothing, unless another was there when it last could.
 * @throws the signal's reason
 */
export async function holdPlaces(
  work: SharedWork,
  places: readonly string[],
  signal: AbortSignal,
  log: Log,
): Promise<() => Promise<void>> {
  // One after the other in one order: of two servers that want several, whoever has the first gets the others.
  async function takeAll(): Promise<boolean> {
    for (const place of places) if (!(await work.tell(KIND, place, 'measured', LEASE_SECONDS))) return false
    return true
  }
  const giveUp = () =>
    toldInTime(Promise.all(places.map(place => work.tell(KIND, place, 'free', 0)))).then(
      () => {},
      () => {},
    )
  let takenUntil = Number.NEGATIVE_INFINITY
  for (;;) {
    try {
      if (await toldInTime(takeAll())) break
      takenUntil = performance.now() + TAKEN_FOR_MS
    } catch (error) {
      signal.throwIfAborted()
      if (performance.now() >= takenUntil) {
        log.warn({ err: error }, 'Whether another server measures on this machine, too, cannot be known.')
        break
      }
    }
    // Where only some are free nobody waits for those meanwhile.
    await giveUp()
    await sleep(LOOK_MS, signal)
  }
  let renewal: Promise<void> | null = null
  const renew = async () => {
    if (!(await takeAll())) log.warn({ places }, 'Another server measures at one of these places, too.')
  }
  const renewing = setInterval(() => {
    renewal ??= renew()
      .catch(() => {})
      .finally(() => {
        renewal = null
      })
  }, RENEW_MS).unref()
  return async () => {
    clearInterval(renewing)
    // One that is late would have them once more, for nobody.
    await toldInTime(Promise.resolve(renewal)).catch(() => {})
    await giveUp()
  }
}
