/** Time that passes only when it is told to: `setTimeout`, `performance.now()` and `Date.now()` go by it until `restore`. */
export type VirtualTime = {
  now(): number
  /** Lets so much time pass; whatever comes due, and all that follows from it, happens in between. */
  pass(ms: number): Promise<void>
  /** Lets happen what needs no time. */
  settle(): Promise<void>
  /** A timer of the test's own, which `timers` does not count. */
  later(ms: number, work: () => void): void
  /** Timers that are set, milliseconds from now. */
  timers(): number[]
  /** Forgets all timers. */
  reset(): void
  restore(): void
}

type Timer = { dueMs: number; delayMs: number; isOwn: boolean; work(): void }

const START_MS = 100_000
const EPOCH_MS = Date.UTC(2026, 0, 1)

/** What awaits engines, disks or the network for real goes on in real time and must not be there. */
export function installVirtualTime(): VirtualTime {
  const real = { setTimeout, clearTimeout, setImmediate, now: performance.now, dateNow: Date.now }
  let nowMs = START_MS
  /** By time; of the same time the older first. */
  let timers: Timer[] = []

  function set(timer: Timer): void {
    timer.dueMs = nowMs + timer.delayMs
    const place = timers.findIndex(other => other.dueMs > timer.dueMs)
    timers.splice(place < 0 ? timers.length : place, 0, timer)
  }

  function clear(timer: Timer): void {
    const place = timers.indexOf(timer)
    if (place >= 0) timers.splice(place, 1)
  }

  function virtualTimeout(work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout {
    const timer = { dueMs: 0, delayMs: Math.max(1, ms), isOwn: false, work: () => work(...args) }
    set(timer)
    const handle = {
      timer,
      refresh() {
        clear(timer)
        set(timer)
        return handle
      },
      unref: () => handle,
      ref: () => handle,
    }
    return handle as unknown as NodeJS.Timeout
  }

  // Between two turns of the event loop every promise that can settle has; what gave way to the loop for one turn goes on in the next.
  const turnOfTheLoop = () => new Promise<void>(resolve => real.setImmediate(resolve))
  const settle = async () => {
    await turnOfTheLoop()
    await turnOfTheLoop()
  }

  Object.assign(globalThis, {
    setTimeout: virtualTimeout,
    clearTimeout(handle?: { timer?: Timer } & NodeJS.Timeout) {
      if (handle?.timer === undefined) real.clearTimeout(handle)
      else clear(handle.timer)
    },
  })
  performance.now = () => nowMs
  Date.now = () => EPOCH_MS + nowMs

  return {
    now: () => nowMs,
    async pass(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let next = timers[0]; next !== undefined && next.dueMs <= untilMs; next = timers[0]) {
        timers.shift()
        nowMs = next.dueMs
        next.work()
        await settle()
      }
      nowMs = untilMs
      await settle()
    },
    settle,
    later: (ms, work) => set({ dueMs: 0, delayMs: ms, isOwn: true, work }),
    timers: () => timers.filter(({ isOwn }) => !isOwn).map(({ dueMs }) => dueMs - nowMs),
    reset() {
      timers = []
      nowMs = START_MS
    },
    restore() {
      Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout })
      performance.now = real.now
      Date.now = real.dateNow
    },
  }
}
