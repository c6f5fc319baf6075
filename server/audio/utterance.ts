/** A stretch of speech, milliseconds from the first sample of what holds it. */
export type SpeechSegment = { startMs: number; endMs: number }

/** Where speech is in some audio, and how much of it is voiced. */
export type Speech = {
  /** In order; silences lie between them. Empty: nothing was said. */
  segments: SpeechSegment[]
  /** Voiced time, resolution 32 ms. */
  speechMs: number
}

/** What somebody said at once: from the sound before its first voiced frame to the last frame heard. */
export type Utterance = Speech & {
  /** Mono, 16 kHz. */
  samples: Int16Array
  /** Position of the first sample on the timeline that the frames came on. */
  startMs: number
  /** End of the last voiced frame, on the same timeline. */
  lastVoicedMs: number
}
