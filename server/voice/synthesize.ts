/** A stretch of speech: signed 16-bit mono samples at `sampleRate` hertz. */
export type SpokenAudio = {
  samples: Int16Array
  sampleRate: number
  /** The engine's own time for this stretch, milliseconds; absent where the engine does not tell. */
  inferenceMs?: number
}

/**
 * Speaks one clause. Yields audio in order as it comes; nothing for a clause without anything to say.
 * @throws QuantvoxError `engine_unavailable`, `engine_failed`, `engine_timeout`; the signal's reason when aborted
 */
export type Synthesize = (clause: string, signal: AbortSignal) => AsyncIterable<SpokenAudio>
