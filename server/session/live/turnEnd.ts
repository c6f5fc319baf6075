import type { Playout } from './playout.ts'

export type EndOfTurn = {
  /** As the voice says it. */
  playbackWithinMs(): number | null
  playout: Playout
  /** Settles with the next message about playback. */
  changed(): Promise<void>
  signal: AbortSignal
}

/** Waits until a reply that was sent is also played: by what the client reports, else by the clock. */
export async function untilOver({ playbackWithinMs, playout, changed, signal }: EndOfTurn): Promise<void> {
  while (!playout.isOver()) {
    const waitMs = playbackWithinMs()
    if (waitMs === null || !(await happensWithin(changed(), waitMs, signal))) return
  }
}

async function happensWithin(event: Promise<void>, waitMs: number, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), waitMs)
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  event.then(() => resolve(true), reject)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
