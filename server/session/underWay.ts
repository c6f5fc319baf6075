import { untilAborted } from '../abort.ts'

/** The turns of people that are under way, for work that can wait until there is none. */
export type TurnsUnderWay = {
  /** A turn begins; what it returns is called when it ends, more than once if need be. */
  begin(): () => void
  count(): number
  /** Called whenever a turn begins. Returns what ends it. */
  onBegin(listener: () => void): () => void
  /** Settles when no turn is under way; rejects with the signal's reason. */
  untilNone(signal: AbortSignal): Promise<void>
}

export function createTurnsUnderWay(): TurnsUnderWay {
  const listeners = new Set<() => void>()
  let count = 0
  let none = Promise.withResolvers<void>()

  return {
    begin() {
      count++
      for (const listener of [...listeners]) listener()
      let over = false
      return () => {
        if (over) return
        over = true
        count--
        if (count > 0) return
        none.resolve()
        none = Promise.withResolvers<void>()
      }
    },
    count: () => count,
    onBegin(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async untilNone(signal) {
      while (count > 0) {
        await untilAborted(none.promise, signal)
      }
    },
  }
}
