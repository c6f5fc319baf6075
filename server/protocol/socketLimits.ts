/** Limits of `GET /v1/voice`; past one there is an `error`, and a close frame where the error's code has one. */
export const socketLimits = {
  maxMessageBytes: 256 * 1024,
  /** Length of one binary frame; shorter last ones are taken. */
  maxFrameMs: 200,
  /** A shorter frame counts as so long: a page's audio thread has 2.7 ms at a time, and each costs as much as a long one. */
  countedFrameMs: 5,
  /** Audio that may come within `audioWindowMs` of arrival, as a multiple of it. */
  audioSpeed: 2,
  audioWindowMs: 5000,
  controlMessagesPerSecond: 30,
  /** So many invalid messages in a row close the socket. */
  invalidInARow: 5,
} as const

/** `sampleRate` of binary frames is the one of `start` towards the server, of the last `audio.started` from it. */
export const BYTES_PER_SAMPLE = 2

export const closeCodes = { policy: 1008 } as const
