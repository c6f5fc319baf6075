/** Something is to be said in a while. */
export type Timer = {
  /** What it is for. */
  name: string | null
  lastsMs: number
  /** `performance.now()` milliseconds. */
  endsAtMs: number
  /** The turn in which it was set. */
  turnId: string
}

/** The timers of one session. */
export type Timers = {
  /** False where there are as many as there may be. */
  set(timer: Omit<Timer, 'endsAtMs'>): boolean
  /** Those that run, the next to end first. */
  list(): readonly Timer[]
  cancel(timer: Timer): void
  /** Ends all of them, and gives those that nobody will be told of. */
  stop(): readonly Timer[]
}

export const MOST_TIMERS = 10

/** @param over tells the user of one that has ended */
export function createTimers(over: (timer: Timer) => void): Timers {
  const running = new Map<Timer, NodeJS.Timeout>()
  const list = () => [...running.keys()].toSorted((one, other) => one.endsAtMs - other.endsAtMs)

  function cancel(timer: Timer): void {
    clearTimeout(running.get(timer))
    running.delete(timer)
  }

  return {
    set(wanted) {
      if (running.size >= MOST_TIMERS) return false
      const timer = { ...wanted, endsAtMs: performance.now() + wanted.lastsMs }
      const end = () => {
        running.delete(timer)
        over(timer)
      }
      running.set(timer, setTimeout(end, wanted.lastsMs))
      return true
    },
    list,
    cancel,
    stop() {
      const lost = list()
      for (const timer of lost) cancel(timer)
      return lost
    },
  }
}

/** As it is said: 90 seconds are `1 minute 30 seconds`. */
export function spokenTime(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  const units = {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  }
  return Object.entries(units)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
    .join(' ')
}

/** How one is spoken of. */
export const nameOf = ({ name, lastsMs }: Pick<Timer, 'name' | 'lastsMs'>) =>
  name === null ? `timer for ${spokenTime(lastsMs)}` : `${name} timer`
