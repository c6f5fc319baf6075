/** How long a frame counts for the mapping, milliseconds of arrival time. */
const WINDOW_MS = 2000

export type AudioClock = {
  /** A frame arrived whose last sample lies at `endPositionMs` of the session's audio. */
  arrived(endPositionMs: number, arrivedAtMs: number): void
  /** When the client's microphone was at this position, `performance.now()` milliseconds. */
  at(positionMs: number): number
}

/**
 * Maps positions in a session's audio to the server's clock by the frame of the last 2 s that was delayed least. So neither
 * large frames nor a burst after a hiccup can make a later answer look faster.
 */
export function createAudioClock(): AudioClock {
  let recent: { offsetMs: number; arrivedAtMs: number }[] = []
  return {
    arrived(endPositionMs, arrivedAtMs) {
      recent = recent.filter(frame => frame.arrivedAtMs > arrivedAtMs - WINDOW_MS)
      recent.push({ offsetMs: arrivedAtMs - endPositionMs, arrivedAtMs })
    },
    at: positionMs => positionMs + Math.min(...recent.map(frame => frame.offsetMs)),
  }
}
