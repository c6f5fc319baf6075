import Type, { type Static } from 'typebox'

/** What the measured server says of itself, since its last reading. */
export const ServerReading = Type.Object({
  elapsedMs: Type.Number(),
  cpuMs: Type.Number(),
  /** Beyond the time from one sample of the histogram to the next. */
  loopDelayP99Ms: Type.Number(),
  /** After a garbage collection. */
  residentBytes: Type.Number(),
})
export type ServerReading = Static<typeof ServerReading>
