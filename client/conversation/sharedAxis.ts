import { type Scale, sharedScale } from '../timing/scale.ts'
import type { TurnTiming } from './turnTiming.ts'

/** One axis for the waterfalls of a conversation; the latest one is open. */
export function createSharedAxis() {
  let timings: TurnTiming[] = []
  let drawn = ''

  const scaleNow = (): Scale =>
    sharedScale(timings.map(timing => timing.span()).filter(span => span !== null))

  return {
    /** Draws one whose bars changed, and all others where that moves the axis. */
    draw(timing: TurnTiming): void {
      if (!timings.includes(timing) && timing.span() !== null) {
        for (const earlier of timings) earlier.fold()
        timings.push(timing)
        timing.unfold()
      }
      const scale = scaleNow()
      const isNew = drawn !== JSON.stringify(scale)
      drawn = JSON.stringify(scale)
      for (const one of isNew ? new Set([...timings, timing]) : [timing]) one.draw(scale)
    },
    /** What is drawn in `work` came before all that was. */
    before(work: () => void): void {
      const later = timings
      timings = []
      work()
      if (later.length > 0) for (const earlier of timings) earlier.fold()
      timings = [...timings, ...later]
      const scale = scaleNow()
      drawn = JSON.stringify(scale)
      for (const one of timings) one.draw(scale)
    },
    remove(timing: TurnTiming): void {
      timings = timings.filter(one => one !== timing)
    },
    clear(): void {
      timings = []
    },
  }
}

export type SharedAxis = ReturnType<typeof createSharedAxis>
