/** What comes of something that goes on by itself, for one who reads it later. */
export type Held<T> = {
  /** From the first on, and what still comes, as it comes. Throws what the source threw, behind all that came before. */
  read(): AsyncGenerator<T, void, undefined>
  hasFailed(): boolean
  /** Settles with its end, whatever it was. */
  over: Promise<void>
}

/** Takes all of `source` at once and holds it back. */
export function hold<T extends object>(source: AsyncIterable<T>): Held<T> {
  const items: T[] = []
  let failure: { error: unknown } | null = null
  let isOver = false
  let change = Promise.withResolvers<void>()

  function tell(): void {
    change.resolve()
    change = Promise.withResolvers()
  }

  async function take(): Promise<void> {
    try {
      for await (const item of source) {
        items.push(item)
        tell()
      }
    } catch (error) {
      failure = { error }
    }
    isOver = true
    tell()
  }

  return {
    over: take(),
    hasFailed: () => failure !== null,
    async *read() {
      for (let next = 0; next < items.length || !isOver; ) {
        const item = items[next]
        if (item === undefined) await change.promise
        else {
          next++
          yield item
        }
      }
      if (failure !== null) throw failure.error
    },
  }
}
