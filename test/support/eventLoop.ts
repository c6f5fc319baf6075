export type Standstill = {
  /** Longest time in which nothing else of the event loop could run. On a busy machine others are in it. */
  longestMs: number
  /** The processor time of this thread in the worst such stretch: its own doing. */
  workMs: number
}

/** Watches the event loop until `stop`, which waits for what stood still last. Resolution 1 ms. */
export function watchEventLoop(): { worst(): Standstill; stop(): Promise<Standstill> } {
  const worst: Standstill = { longestMs: 0, workMs: 0 }
  let [seenMs, workedMs] = [performance.now(), threadMs()]
  const look = () => {
    const [nowMs, worked] = [performance.now(), threadMs()]
    worst.longestMs = Math.max(worst.longestMs, nowMs - seenMs)
    worst.workMs = Math.max(worst.workMs, worked - workedMs)
    seenMs = nowMs
    workedMs = worked
  }
  const timer = setInterval(look, 1)
  return {
    worst: () => ({ ...worst }),
    async stop() {
      await new Promise(resolve => setTimeout(resolve, 2))
      clearInterval(timer)
      look()
      return worst
    },
  }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
