import { within } from '../../abort.ts'
import type { Log } from '../../log.ts'
import type { Passes } from '../../record/turnStore.ts'
import { createPassSigner, type PassSigner } from './passSigner.ts'

const PURPOSE = 'a ticket for one socket'
const TICKET_LIFE_MS = 60_000
/** As many as may be used within the life of one; more would be an attack by somebody who has the token. */
const MAX_USED = 10_000
/** The clocks of servers may be minutes apart. */
const USED_FOR_SECONDS = 300
/** PostgreSQL that does not answer must not keep a socket from opening. */
const ASKED_WITHIN_MS = 1_000

export type Tickets = ReturnType<typeof createTickets>

type TicketOptions = {
  signer?: PassSigner
  /** Where several servers take each other's tickets: what all of them have used. */
  passes?: Passes | null
  log?: Log
  /** Milliseconds since 1970. */
  now?: () => number
}

/** Tickets let a browser open a socket without putting the token into an address that may be logged. */
export function createTickets({
  signer = createPassSigner(null),
  passes = null,
  log,
  now = Date.now,
}: TicketOptions = {}) {
  /** When those that were used here expire, the first one first. */
  const used = new Map<string, number>()

  function useHere(id: string, expiresAtMs: number): boolean {
    for (const [old, expiredAtMs] of used) {
      if (expiredAtMs > now()) break
      used.delete(old)
    }
    if (used.has(id) || used.size >= MAX_USED) return false
    used.set(id, expiresAtMs)
    return true
  }

  return {
    /** A ticket for one socket, good for 60 s. */
    issue(): { ticket: string; expiresAt: string } {
      const expiresAtMs = now() + TICKET_LIFE_MS
      const details = Buffer.alloc(6)
      details.writeUIntBE(expiresAtMs, 0, 6)
      return { ticket: signer.make(PURPOSE, details), expiresAt: new Date(expiresAtMs).toISOString() }
    },
    /**
     * True the first time for a ticket that has not expired. While PostgreSQL cannot say what other servers have used, each of them
     * takes it once.
     */
    async redeem(ticket: string): Promise<boolean> {
      const read = signer.read(PURPOSE, ticket)
      if (read === null || read.details.length !== 6) return false
      const expiresAtMs = read.details.readUIntBE(0, 6)
      if (expiresAtMs <= now() || !useHere(read.id, expiresAtMs)) return false
      if (passes === null) return true
      const first = passes.add(`ticket ${read.id}`, null, USED_FOR_SECONDS).catch((error: unknown) => {
        log?.warn({ err: error }, 'A ticket is taken without knowing whether another server took it.')
        return true
      })
      return await within(first, ASKED_WITHIN_MS, () => true)
    },
  }
}
