/** What came to a client, in order, and the wait for what comes. */
export type Inbox<E extends { type: string }> = {
  heard: E[]
  arrive(event: E): void
  /** Something else happened that who waits has to look at. */
  stir(): void
  types(): string[]
  /** The next of this type after those that were asked for; fails after 5 s, or after `withinMs`. */
  next<T extends E['type']>(type: T, withinMs?: number): Promise<Extract<E, { type: T }>>
}

/** @param check throws what ends every wait */
export function createInbox<E extends { type: string }>(check: () => void = () => {}): Inbox<E> {
  const heard: E[] = []
  let taken = 0
  let arrived = Promise.withResolvers<void>()
  const stir = () => {
    arrived.resolve()
    arrived = Promise.withResolvers<void>()
  }
  const types = () => heard.map(({ type }) => type)
  return {
    ...{ heard, stir, types },
    arrive(event) {
      heard.push(event)
      stir()
    },
    async next<T extends E['type']>(type: T, withinMs = 5000) {
      const deadline = Date.now() + withinMs
      for (;;) {
        check()
        const at = heard.findIndex((event, index) => index >= taken && event.type === type)
        if (at >= 0) {
          taken = at + 1
          return heard[at] as Extract<E, { type: T }>
        }
        if (Date.now() > deadline) throw new Error(`no ${type} came; there were ${types().join(', ')}`)
        const tick = Promise.withResolvers<void>()
        const timer = setTimeout(tick.resolve, 200)
        await Promise.race([arrived.promise, tick.promise])
        clearTimeout(timer)
      }
    },
  }
}
