import type { Playback } from '../../protocol/socketClient.ts'

/**
 * Where the client is in playing a turn's reply. Computed from what was sent and when, as if it played without delay, and set
 * right by what the client reports.
 */
export type Playout = {
  /** So much audio was handed to the socket now. */
  sent(audioMs: number): void
  report(playback: Playback): void
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

  const leadMs = () => (frozenAt === null ? Math.max(0, endsAtMs - now()) : sentMs - frozenAt)

  return {
    sent(audioMs) {
      // It had played all there was, and now there is more.
      frozenAt = null
      endsAtMs = Math.max(endsAtMs, now()) + audioMs
      sentMs += audioMs
    },
    report({ event, positionMs }) {
      const told = event === 'ended' ? sentMs : positionMs
      const position = told === undefined ? sentMs - leadMs() : Math.min(told, sentMs)
      endsAtMs = now() + sentMs - position
      frozenAt = event === 'stopped' || event === 'ended' ? position : null
    },
    positionMs: () => sentMs - leadMs(),
    leadMs,
    sentMs: () => sentMs,
    isOver: () => frozenAt !== null,
  }
}
