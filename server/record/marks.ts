/** Moments of a turn, in the order in which a whole turn passes them. */
export type Mark =
  | 'speechEnd'
  | 'turnDecided'
  | 'commit'
  | 'transcript'
  | 'firstToken'
  | 'firstClause'
  | 'firstAudio'
  | 'playbackStarted'
  | 'replyDone'

export type Timeline = ReturnType<typeof createTimeline>

/** A turn's moments on the monotonic clock. Stages mark, only the record subtracts. */
export function createTimeline(now: () => number = () => performance.now()) {
  const moments = new Map<Mark, number>()
  const at = (name: Mark) => moments.get(name) ?? null
  return {
    /** Notes that this happened now, or at `atMs` of the same clock; only the first time counts. */
    mark(name: Mark, atMs: number = now()): void {
      if (!moments.has(name)) moments.set(name, atMs)
    },
    /** Nothing of it happened. */
    clear: () => moments.clear(),
    /** When it happened on the monotonic clock, milliseconds; null if it has not. */
    at,
    /** Milliseconds from one moment to another; null if either has not happened. */
    between(from: Mark, to: Mark): number | null {
      const start = at(from)
      const end = at(to)
      return start === null || end === null ? null : end - start
    },
  }
}
