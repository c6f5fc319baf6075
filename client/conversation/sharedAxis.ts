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
    remove(timing: TurnTiming): void {
      timings = timings.filter(one => one !== timing)
    },
    clear(): void {
      timings = []
    },
  }
}

export type SharedAxis = ReturnType<typeof createSharedAxis>
