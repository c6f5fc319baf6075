/** Who is so much quieter than whom the session answered is somebody else: a television across a room, people next door. */
const FAR_DB = 15
/** With each quieter question the speaker may be so much farther away. */
const FARTHER_DB = 3

export type Nearness = {
  /** A question that was said so loud at its loudest was answered. */
  answered(loudestDb: number): void
  /** Whether so loud a voice is none of those that were answered; false before there was one. */
  isFar(loudestDb: number): boolean
}

/** How loud the voice is that a session listens to. dB of any one scale. */
export function createNearness(): Nearness {
  let nearDb = Number.NEGATIVE_INFINITY
  return {
    answered(loudestDb) {
      nearDb = Math.max(loudestDb, nearDb - FARTHER_DB)
    },
    isFar: loudestDb => Number.isFinite(loudestDb) && loudestDb < nearDb - FAR_DB,
  }
}
