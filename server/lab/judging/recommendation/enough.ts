import type { Interval } from '../../../protocol/comparisonFigures.ts'
import { counted } from '../../../shared/figures.ts'
import { writtenNumber } from '../../wording.ts'

/** How many observations would tell what something loses. */
export type Enough = {
  observed: number
  /** How many times as many it takes, by how far those scatter; null: more of the kind would not tell. */
  times: number | null
  /** How many there are to be observed, however long it runs. */
  available: number
  of: 'clips' | 'texts' | 'next tokens' | 'checked answers'
}

/**
 * Within which a rate or a difference in percent lies, 19 times in 20, and how many times as much must be observed to leave
 * `room` on either side. An interval narrows with the root of what is observed. Where not one of n differs, drawing the same
 * again cannot say how many others would: the rule of three, 3 / n (Hanley and Lippman-Hand, JAMA 249, 1983). Without an
 * interval, as of events that come one by one.
 */
export function boundsOf(value: number, interval: Interval | null, events: number, n: number) {
  if (interval !== null && interval[0] < interval[1]) {
    const half = (interval[1] - interval[0]) / 2
    return { low: interval[0], high: interval[1], timesFor: (room: number) => (half / room) ** 2 }
  }
  const none = 300 / n
  const some = interval === null ? (196 * Math.sqrt(events)) / n : 0
  const half = Math.max(none, some)
  const timesFor = (room: number) => Math.max(none / room, (some / room) ** 2)
  return { low: value - half, high: value + half, timesFor }
}

const MINUTE_MS = 60_000

/** What it takes to tell, for people: for how long to run, at the rate of this run, or what there is too little of. */
export function howToTell({ observed, times, available, of }: Enough, elapsedMs: number | null): string {
  if (times === null) return 'these questions are too hard or too easy to tell what it loses'
  const needed = Math.max(observed + 1, Math.ceil(observed * times))
  const many = `it takes about ${writtenNumber(needed)} ${of} to tell what it loses`
  if (needed > available) {
    const more = of === 'clips' ? ' (--audio takes more)' : ''
    return `${many}, and there are ${writtenNumber(available)}${more}`
  }
  if (elapsedMs === null) return many
  const minutes = Math.ceil((elapsedMs * needed) / observed / MINUTE_MS)
  return `a run of about ${counted(minutes, 'minute')} would tell what it loses (--budget ${minutes}m)`
}
