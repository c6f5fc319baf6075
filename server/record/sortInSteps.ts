import { setImmediate as nextLoopTurn } from 'node:timers/promises'

/** Sorting this many takes about 1 ms. */
const RUN_LENGTH = 8_192

/**
 * The values in ascending order, sorted in place in runs that are then merged, with the event loop running in
 * between: a sort of 100,000 at one stretch takes 15 ms. The result may be the same array or another.
 */
export async function sortInSteps(values: Float64Array): Promise<Float64Array> {
  for (let start = 0; start < values.length; start += RUN_LENGTH) {
    values.subarray(start, start + RUN_LENGTH).sort()
    if (start > 0) await nextLoopTurn()
  }
  let from = values
  let into: Float64Array = new Float64Array(values.length > RUN_LENGTH ? values.length : 0)
  for (let width = RUN_LENGTH; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      merge(from, into, start, start + width, start + 2 * width)
      await nextLoopTurn()
    }
    ;[from, into] = [into, from]
  }
  return from
}

/** Merges from[start, middle) and from[middle, end), both ascending, into the same place of `into`. */
function merge(from: Float64Array, into: Float64Array, start: number, middle: number, end: number): void {
  const leftEnd = Math.min(middle, from.length)
  const rightEnd = Math.min(end, from.length)
  let left = start
  let right = leftEnd
  for (let i = start; i < rightEnd; i++) {
    const takeLeft = right >= rightEnd || (left < leftEnd && Number(from[left]) <= Number(from[right]))
    into[i] = Number(takeLeft ? from[left++] : from[right++])
  }
}
