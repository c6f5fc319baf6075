export type GrowingAudio = {
  push(samples: Int16Array): void
  /** All that was pushed; stays as it is when more comes. */
  all(): Int16Array
}

/** Samples that come piece by piece, in room that is doubled when it is full: each is copied twice at most, on the average. */
export function createGrowingAudio(): GrowingAudio {
  let room: Int16Array = new Int16Array(0)
  let length = 0
  return {
    push(samples) {
      if (length === 0) {
        room = samples
      } else if (length + samples.length > room.length) {
        const larger = new Int16Array(2 * (length + samples.length))
        larger.set(room.subarray(0, length))
        room = larger
      }
      if (length > 0) room.set(samples, length)
      length += samples.length
    },
    all: () => room.subarray(0, length),
  }
}
