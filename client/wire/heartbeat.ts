/** Nothing heard for so long: is it still there? */
const PING_AFTER_MS = 4000
/** No answer for so long: it is not. */
const DEAD_AFTER_MS = 6000
/** How often to look. */
export const BEAT_MS = 1000
/** A page that slept counts no more than this of it: what came meanwhile is behind this in the queue. */
const MOST_AT_ONCE_MS = 2 * BEAT_MS

export type Heartbeat = {
  /** When it was last looked. */
  atMs: number
  /** So long nothing came, as far as this page was awake. */
  silentMs: number
  pinged: boolean
}

export const firstBeat = (nowMs: number): Heartbeat => ({ atMs: nowMs, silentMs: 0, pinged: false })

/** What to do now. `heard`: something came since the last look. `eager`: do not wait with the question. */
export function beat(
  { atMs, silentMs, pinged }: Heartbeat,
  nowMs: number,
  heard: boolean,
  eager = false,
): { next: Heartbeat; act: 'nothing' | 'ping' | 'hang-up' } {
  if (heard && !eager) return { next: firstBeat(nowMs), act: 'nothing' }
  const silent = heard ? 0 : silentMs + Math.min(Math.max(0, nowMs - atMs), MOST_AT_ONCE_MS)
  const isPinged = pinged && !heard
  if (isPinged && silent >= PING_AFTER_MS + DEAD_AFTER_MS)
    return { next: { atMs: nowMs, silentMs: silent, pinged: true }, act: 'hang-up' }
  if (!isPinged && (eager || silent >= PING_AFTER_MS))
    return { next: { atMs: nowMs, silentMs: Math.max(silent, PING_AFTER_MS), pinged: true }, act: 'ping' }
  return { next: { atMs: nowMs, silentMs: silent, pinged: isPinged }, act: 'nothing' }
}
