import type { Playout } from './playout.ts'

/** After the computed end of the playout a turn waits so long for the client to say that it was. */
const AFTER_PLAYOUT_MS = 1000
/** Where the browser speaks and tells nothing: a slow voice needs about so long for a letter, and so long to begin. */
const BROWSER_MS_PER_LETTER = 100
const BROWSER_START_MS = 5000

export type EndOfTurn = {
  voice: string
  /** Characters of the whole reply. */
  replyLength: number
  playout: Playout
  /** Settles with the next message about playback. */
  changed(): Promise<void>
  signal: AbortSignal
}

/** Waits until a reply that was sent is also played: by what the client reports, else by the clock. */
export async function untilOver({ voice, replyLength, playout, changed, signal }: EndOfTurn): Promise<void> {
  if (voice === 'none' || replyLength === 0) return
  if (voice !== 'browser' && playout.sentMs() === 0) return
  while (!playout.isOver()) {
    const waitMs =
      voice === 'browser'
        ? BROWSER_START_MS + replyLength * BROWSER_MS_PER_LETTER
        : playout.leadMs() + AFTER_PLAYOUT_MS
    if (!(await happensWithin(changed(), waitMs, signal))) return
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
