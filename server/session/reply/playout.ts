import { untilAborted } from '../../abort.ts'
import type { Playback } from '../../protocol/socketClient.ts'

/**
 * Where the client is in playing a turn's reply. Computed from what was sent and when, as if it played without delay, and set
 * right by what the client reports.
 */
export type Playout = {
  /** So much audio was handed to the socket now. */
  sent(audioMs: number): void
  report(playback: Playback): void
  /** The listener's player stands still from now on, and goes on. */
  hold(): void
  resume(): void
  isHeld(): boolean
  /** Settles once it goes on, and may stand still again; rejects with the signal's reason. */
  untilGoing(signal: AbortSignal): Promise<void>
  /** By now played, never more than was sent. */
  positionMs(): number
  /** Sent and not yet played. */
  leadMs(): number
  sentMs(): number
  /** The last report was that it stopped or that all was played. */
  isOver(): boolean
}

export function createPlayout(now: () => number = () => performance.now()): Playout {
  let sentMs = 0
  let endsAtMs = 0
  let frozenAt: number | null = null
  /** How long it stood still, up to the last time it went on; and since when it does again. */
  let stoodMs = 0
  let standsSinceMs: number | null = null
  let going = Promise.withResolvers<void>()
  going.resolve()

  /** The time of the player, which stands still with it. */
  const clock = () => (standsSinceMs ?? now()) - stoodMs
  const leadMs = () => (frozenAt === null ? Math.max(0, endsAtMs - clock()) : sentMs - frozenAt)

  return {
    sent(audioMs) {
      // It had played all there was, and now there is more.
      frozenAt = null
      endsAtMs = Math.max(endsAtMs, clock()) + audioMs
      sentMs += audioMs
    },
    report({ event, positionMs }) {
      const told = event === 'ended' ? sentMs : positionMs
      const position = told === undefined ? sentMs - leadMs() : Math.min(told, sentMs)
      endsAtMs = clock() + sentMs - position
      frozenAt = event === 'stopped' || event === 'ended' ? position : null
    },
    hold() {
      if (standsSinceMs !== null) return
      standsSinceMs = now()
      going = Promise.withResolvers()
    },
    resume() {
      if (standsSinceMs === null) return
      stoodMs += now() - standsSinceMs
      standsSinceMs = null
      going.resolve()
    },
    isHeld: () => standsSinceMs !== null,
    untilGoing: signal => untilAborted(going.promise, signal),
    positionMs: () => sentMs - leadMs(),
    leadMs,
    sentMs: () => sentMs,
    isOver: () => frozenAt !== null,
  }
}
