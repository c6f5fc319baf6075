import type { Clock, Event } from './events.ts'

export type LanguageRates = {
  /** Of one prompt alone on a host. */
  promptTokensPerSecond: number
  /** Of one reply alone on a host. */
  tokensPerSecond: number
  /** n replies at once come at n to the power of this times the rate of one: 1 cost nothing, 0 share one's. */
  batchGain: number
}

export type LanguageJob = {
  /** That are not in the host's cache. */
  promptTokens: number
  outputTokens: number
  /** Told, in ascending order, when so many tokens of the reply are there. */
  marks: { tokens: number; reached: () => void }[]
  done: () => void
}

type Active = { job: LanguageJob; promptLeft: number; made: number; mark: number }

export type LanguageHost = {
  readonly active: number
  begin(job: LanguageJob): void
  /** Nothing where it is not under way. */
  stop(job: LanguageJob): void
  /** Time integral of what is under way (milliseconds), and the time in which anything is. */
  figures(): { jobMs: number; busyMs: number }
}

/**
 * What is asked at once shares a host: a prompt gets its part of it, since one alone fills it, and replies are made in one batch. Rates change
 * when anything comes or goes, so the next end is reckoned anew each time.
 */
export function createLanguageHost(clock: Clock, rates: LanguageRates): LanguageHost {
  const active: Active[] = []
  let since = 0
  let next: Event | null = null
  const sums = { jobMs: 0, busyMs: 0 }

  /** Tokens per millisecond of each. */
  const promptRate = () => rates.promptTokensPerSecond / 1000 / active.length
  const replyRate = () => (rates.tokensPerSecond / 1000) * active.length ** (rates.batchGain - 1)

  function advance(): void {
    const ms = clock.now - since
    since = clock.now
    if (active.length === 0) return
    sums.jobMs += ms * active.length
    sums.busyMs += ms
    const [prompt, reply] = [promptRate() * ms, replyRate() * ms]
    for (const each of active) {
      if (each.promptLeft > 0) each.promptLeft = Math.max(0, each.promptLeft - prompt)
      else each.made += reply
    }
  }

  const goal = ({ job, mark }: Active) => job.marks[mark]?.tokens ?? job.outputTokens
  const leftMs = (each: Active) =>
    each.promptLeft > 0 ? each.promptLeft / promptRate() : Math.max(0, goal(each) - each.made) / replyRate()

  function plan(): void {
    if (next !== null) clock.cancel(next)
    next = null
    let first: Active | null = null
    let ms = Number.POSITIVE_INFINITY
    for (const each of active) {
      const left = leftMs(each)
      if (left < ms) [first, ms] = [each, left]
    }
    if (first === null) return
    const reached = first
    const hasRead = reached.promptLeft > 0
    next = clock.after(ms, () => {
      next = null
      advance()
      if (hasRead) read(reached)
      else arrive(reached)
    })
  }

  // What the reckoning lost in rounding is not left over for an event of its own, here and below.
  function read(each: Active): void {
    each.promptLeft = 0
    plan()
  }

  function arrive(each: Active): void {
    each.made = goal(each)
    const mark = each.job.marks[each.mark]
    if (mark === undefined) active.splice(active.indexOf(each), 1)
    else each.mark++
    plan()
    if (mark === undefined) each.job.done()
    else mark.reached()
  }

  return {
    get active() {
      return active.length
    },
    begin(job) {
      advance()
      active.push({ job, promptLeft: job.promptTokens, made: 0, mark: 0 })
      plan()
    },
    stop(job) {
      const place = active.findIndex(each => each.job === job)
      if (place < 0) return
      advance()
      active.splice(place, 1)
      plan()
    },
    figures() {
      advance()
      return { ...sums }
    },
  }
}
