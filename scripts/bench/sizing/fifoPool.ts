import type { Clock } from './events.ts'

type Job = {
  ms: number
  askedAt: number
  begun?: (waitedMs: number) => void
  done: () => void
}

/** Takes back what was asked: it leaves the queue, or its server is free. After its end it changes nothing. */
export type Cancel = () => void

export type FifoPool = {
  /** Null where it would have to wait and may not. */
  ask(job: Omit<Job, 'askedAt'>, mayWait: boolean): Cancel | null
  /** Sum over all servers (milliseconds). */
  readonly busyMs: number
}

/** Servers that do one job at a time, with one queue before them, as a router has it; in the order of asking. */
export function createFifoPool(clock: Clock, servers: number): FifoPool {
  const queue: Job[] = []
  let free = servers
  let busyMs = 0
  const working = new Map<Job, { end: () => void }>()

  function begin(job: Job): void {
    free--
    const beganAt = clock.now
    job.begun?.(beganAt - job.askedAt)
    function leave(): void {
      clock.cancel(ending)
      working.delete(job)
      busyMs += clock.now - beganAt
      free++
      const next = queue.shift()
      if (next !== undefined) begin(next)
    }
    const ending = clock.after(job.ms, () => {
      leave()
      job.done()
    })
    working.set(job, { end: leave })
  }

  return {
    ask(asked, mayWait) {
      if (free === 0 && !mayWait) return null
      const job = { ...asked, askedAt: clock.now }
      if (free > 0) begin(job)
      else queue.push(job)
      return () => {
        const place = queue.indexOf(job)
        if (place >= 0) queue.splice(place, 1)
        else working.get(job)?.end()
      }
    },
    get busyMs() {
      return busyMs
    },
  }
}
