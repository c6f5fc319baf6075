import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { QuantvoxError } from '../../errors.ts'

const FIRST_DELAY_MS = 25
const LONGEST_DELAY_MS = 2_000
/** An address that guesses faster than it is answered is answered no more than this late. */
const LONGEST_WAIT_MS = 10_000
const FORGOTTEN_AFTER_MS = 10 * 60_000
const MOST_ADDRESSES = 1_000

/**
 * Makes who guesses wait: each wrong token of an address is answered later than the one before it, one after another.
 * The right one never comes here.
 */
export function createWrongTokens(stopping: AbortSignal) {
  const addresses = new LRUCache<string, { wrong: number; answeredAtMs: number }>({
    max: MOST_ADDRESSES,
    ttl: FORGOTTEN_AFTER_MS,
  })
  return {
    /**
     * Notes one and waits; resolves with how many the address has sent.
     * @throws QuantvoxError `rate_limited` at once where too many of them wait already
     */
    async slowDown(address: string): Promise<number> {
      const now = performance.now()
      const { wrong, answeredAtMs } = addresses.get(address) ?? { wrong: 0, answeredAtMs: now }
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(wrong, 20), LONGEST_DELAY_MS)
      const answerAtMs = Math.max(now, answeredAtMs) + delayMs
      if (answerAtMs - now > LONGEST_WAIT_MS) {
        throw new QuantvoxError('rate_limited', 'Too many wrong tokens came from this address.', {
          mend: 'Send "Authorization: Bearer <AUTH_TOKEN>" with the right one; that is never slowed down.',
          retryAfterSeconds: Math.ceil((answerAtMs - now) / 1000),
        })
      }
      addresses.set(address, { wrong: wrong + 1, answeredAtMs: answerAtMs })
      await sleep(answerAtMs - now, undefined, { signal: stopping }).catch(() => {})
      return wrong + 1
    },
  }
}
