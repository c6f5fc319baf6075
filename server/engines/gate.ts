/** A place inside the gate. `leave` may be called more than once; only the first call counts. */
export type Entry = { waitedMs: number; leave(): void }

/** A place that is lost as soon as somebody waits for it, until it is kept. */
export type SpareEntry = Pick<Entry, 'leave'> & { keep(): void }

export type Gate = ReturnType<typeof createGate>

type Waiter = { admit(): void }

/**
 * Lets as many requests in at a time as `limit` says. Owners that wait take turns (round robin), each owner's own requests keep
 * their order, so that one busy speaker delays another by at most one request.
 */
export function createGate(limit = () => 1) {
  /** Owners with someone waiting, in the order in which it is their turn; a Map keeps insertion order. */
  const queues = new Map<string, Waiter[]>()
  let inside = 0
  /** Those inside who leave for anybody who waits. */
  const spares = new Set<() => void>()

  function admit(): void {
    while (inside < limit()) {
      const first = queues.entries().next()
      if (first.done) return
      const [owner, queue] = first.value
      queues.delete(owner)
      const waiter = queue.shift()
      if (queue.length > 0) queues.set(owner, queue)
      waiter?.admit()
    }
  }

  /** Goes in; gives the way out, of which only the first use counts. */
  function goIn(): () => void {
    inside += 1
    let left = false
    return () => {
      if (left) return
      left = true
      inside -= 1
      admit()
    }
  }

  return {
    /** Resolves when it is this owner's turn; rejects with the signal's reason when that comes first. */
    enter(owner: string, signal: AbortSignal): Promise<Entry> {
      if (signal.aborted) return Promise.reject(signal.reason)
      const enteredAt = performance.now()
      return new Promise<Entry>((resolve, reject) => {
        const onAbort = () => {
          const queue = queues.get(owner)
          const rest = queue?.filter(other => other !== waiter) ?? []
          if (rest.length > 0) queues.set(owner, rest)
          else queues.delete(owner)
          reject(signal.reason)
        }
        const waiter: Waiter = {
          admit() {
            signal.removeEventListener('abort', onAbort)
            resolve({ waitedMs: performance.now() - enteredAt, leave: goIn() })
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        const queue = queues.get(owner)
        if (queue === undefined) queues.set(owner, [waiter])
        else queue.push(waiter)
        admit()
        if (queues.size > 0) for (const wanted of [...spares]) wanted()
      })
    },
    /**
     * Goes in only where there is room and nobody waits; else null. `wanted` is called as soon as somebody does wait: it
     * stops the work in it at once, and then the place is theirs.
     */
    spare(wanted: () => void): SpareEntry | null {
      if (inside >= limit() || queues.size > 0) return null
      const goOut = goIn()
      const leave = () => {
        spares.delete(giveUp)
        goOut()
      }
      const giveUp = () => {
        wanted()
        leave()
      }
      spares.add(giveUp)
      return { leave, keep: () => void spares.delete(giveUp) }
    },
    /** Lets those in for whom there is room; to be called when the limit has grown. */
    admit,
    waiting: (): number => [...queues.values()].reduce((sum, queue) => sum + queue.length, 0),
    inside: (): number => inside,
  }
}
