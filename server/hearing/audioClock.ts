/** How long before a frame others count for its mapping, milliseconds of arrival time. */
const WINDOW_MS = 2000
/** Frames are kept for so much audio: no utterance is longer. */
const KEPT_MS = 600_000

export type AudioClock = {
  /** A frame arrived whose last sample lies at `endPositionMs` of the session's audio. */
  arrived(endPositionMs: number, arrivedAtMs: number): void
  /** When the client's microphone was at this position, `performance.now()` milliseconds; never after the position arrived. */
  at(positionMs: number): number
}

/**
 * Maps positions in a session's audio to the server's clock by the frame that was delayed least, of the 2 s before the position
 * and of all after it. So neither large frames nor a burst after a hiccup can make a later answer look faster, and a delay that
 * came after the position cannot either.
 */
export function createAudioClock(): AudioClock {
  /** Oldest first, each delayed less than all after it: no other can be the least. */
  const frames: { endMs: number; offsetMs: number; arrivedAtMs: number }[] = []
  return {
    arrived(endMs, arrivedAtMs) {
      const offsetMs = arrivedAtMs - endMs
      while ((frames.at(-1)?.offsetMs ?? Number.NEGATIVE_INFINITY) >= offsetMs) frames.pop()
      frames.push({ endMs, offsetMs, arrivedAtMs })
      if ((frames[0]?.endMs ?? endMs) < endMs - KEPT_MS) frames.shift()
    },
    at(positionMs) {
      const reached = frames.find(({ endMs }) => endMs >= positionMs) ?? frames.at(-1)
      const sinceMs = (reached?.arrivedAtMs ?? 0) - WINDOW_MS
      const least = frames.find(({ arrivedAtMs }) => arrivedAtMs > sinceMs)
      return positionMs + (least?.offsetMs ?? Number.POSITIVE_INFINITY)
    },
  }
}
