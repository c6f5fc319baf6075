/** What is to happen at a time of the simulation. */
export type Event = { at: number; order: number; act: (() => void) | null }

export type Clock = {
  /** Milliseconds since the simulation began. */
  readonly now: number
  /** Later, in so many milliseconds; of what comes at the same time what was said first comes first. */
  after(ms: number, act: () => void): Event
  cancel(event: Event): void
  /** Lets everything happen until then. */
  run(until: number): void
}

/** The time of a simulation: a binary heap of what is to happen. */
export function createClock(): Clock {
  const heap: Event[] = []
  let now = 0
  let order = 0

  const earlier = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)

  function push(event: Event): void {
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !earlier(event, parent)) break
      heap[place] = parent
      place = above
    }
    heap[place] = event
  }

  function pop(): Event | undefined {
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (one === undefined) break
      const second = other !== undefined && earlier(other, one)
      const child = second ? other : one
      if (!earlier(child, last)) break
      heap[place] = child
      place = second ? left + 1 : left
    }
    heap[place] = last
    return first
  }

  return {
    get now() {
      return now
    },
    after(ms, act) {
      const event = { at: now + ms, order: order++, act }
      push(event)
      return event
    },
    cancel(event) {
      event.act = null
    },
    run(until) {
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop()
        if (next.act === null) continue
        now = next.at
        next.act()
      }
      now = until
    },
  }
}
