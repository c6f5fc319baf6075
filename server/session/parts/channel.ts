/** From who tells to who reads, in order. */
export function createChannel<T>() {
  const waiting: { item: T; taken(): void }[] = []
  let change = Promise.withResolvers<void>()
  let isEnded = false
  return {
    /** Settles when it is taken, or nobody reads any more. */
    put(item: T): Promise<void> {
      if (isEnded) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ item, taken: resolve })
      change.resolve()
      return promise
    },
    /** Nothing comes after what was put. */
    end(): void {
      isEnded = true
      change.resolve()
    },
    /** Who reads stops, and nobody else does. */
    async *items(): AsyncGenerator<T, void, undefined> {
      try {
        for (;;) {
          const next = waiting.shift()
          if (next !== undefined) {
            next.taken()
            yield next.item
          } else if (isEnded) return
          else {
            await change.promise
            change = Promise.withResolvers()
          }
        }
      } finally {
        isEnded = true
        for (const { taken } of waiting.splice(0)) taken()
      }
    },
  }
}
