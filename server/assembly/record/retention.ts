import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import type { TurnStore } from '../../record/turnStore.ts'

const DAY_MS = 24 * 60 * 60_000
const SWEEP_MS = 60 * 60_000

/**
 * Forgets turns, and their audio, that are older than `days`; now and every hour until `signal`. 0 keeps all. Audio
 * goes first, so that none is left behind without a turn, whatever comes in between.
 */
export function keepFor(
  days: number,
  store: TurnStore,
  forgetAudioBefore: (startedAt: Date) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): void {
  if (days === 0) return
  const sweep = async () => {
    while (!signal.aborted) {
      try {
        const startedAt = new Date(Date.now() - days * DAY_MS)
        await forgetAudioBefore(startedAt)
        const forgotten = await store.deleteBefore(startedAt)
        if (forgotten.length > 0) log.info({ turns: forgotten.length }, 'old turns deleted')
      } catch (error) {
        log.error({ err: error }, 'old turns could not be deleted')
      }
      await sleep(SWEEP_MS, undefined, { signal, ref: false }).catch(() => {})
    }
  }
  void sweep()
}
