/** What a quiet room is; below it there is nothing to be seen. */
const FLOOR_DB = -55
/** The meter falls back to nothing in so long. */
const FALL_MS = 300

/** A frame is 20 ms; a page that is busy or hidden may see them this late. */
const STALE_MS = 800

/** 0 to 1, as loudness is felt, of a root mean square. */
export function loudness(rms: number): number {
  const decibels = 20 * Math.log10(Math.max(rms, 1e-6))
  return Math.max(0, Math.min(1, 1 - decibels / FLOOR_DB))
}

/** Counts what the microphone really gives. */
export function createLevel() {
  let shown = 0
  let shownAtMs = 0
  let lastFrameMs = Number.NEGATIVE_INFINITY
  let silentSinceMs: number | null = null

  const fallen = (nowMs: number) => Math.max(0, shown - (nowMs - shownAtMs) / FALL_MS)

  return {
    /** A frame came, with its root mean square. */
    frame(rms: number, nowMs: number): void {
      lastFrameMs = nowMs
      if (rms === 0) silentSinceMs ??= nowMs
      else silentSinceMs = null
      shown = Math.max(loudness(rms), fallen(nowMs))
      shownAtMs = nowMs
    },
    /** 0 to 1; falls slowly, so that it can be read. */
    at: fallen,
    /** Frames came within the last moment. */
    flows: (nowMs: number): boolean => nowMs - lastFrameMs < STALE_MS,
    /** So long nothing but exact zeros came: the system mutes the device, or it is broken. */
    silentForMs: (nowMs: number): number => (silentSinceMs === null ? 0 : nowMs - silentSinceMs),
  }
}
