import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'

const TICKET_LIFE_MS = 60_000
const MAX_TICKETS = 1000

export type Tickets = ReturnType<typeof createTickets>

/**
 * Tickets let a browser open a socket without putting the token into an address that may be logged.
 * @param now milliseconds of a monotonic clock
 */
export function createTickets(now: () => number = () => performance.now()) {
  const open = new LRUCache<string, true>({
    max: MAX_TICKETS,
    ttl: TICKET_LIFE_MS,
    ttlResolution: 0,
    perf: { now },
  })
  return {
    /** A ticket for one socket, good for 60 s. */
    issue(): { ticket: string; expiresAt: string } {
      const ticket = randomBytes(24).toString('base64url')
      open.set(ticket, true)
      return { ticket, expiresAt: new Date(Date.now() + TICKET_LIFE_MS).toISOString() }
    },
    /** True the first time for a ticket that has not expired. */
    redeem: (ticket: string): boolean => open.get(ticket) === true && open.delete(ticket),
  }
}
