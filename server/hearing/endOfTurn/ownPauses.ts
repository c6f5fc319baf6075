/** Shorter ones are between words, and in them. */
const SHORTEST_MS = 200
const KEPT = 20
/** Fewer say nothing of a speaker. */
const ENOUGH = 3
/** Nine of ten of one's own pauses are waited for, and a little longer. */
const SHARE = 0.9
const MARGIN_MS = 100

/** How long somebody pauses in mid-turn, of this session only. */
export type OwnPauses = {
  /** One that the speaker went on after. */
  add(pauseMs: number): void
  /** Silence to wait for; null where too little is known. */
  waitMs(): number | null
}

export function createOwnPauses(): OwnPauses {
  let lengths: number[] = []
  return {
    add(pauseMs) {
      if (pauseMs >= SHORTEST_MS) lengths = [...lengths.slice(1 - KEPT), pauseMs]
    },
    waitMs() {
      if (lengths.length < ENOUGH) return null
      const sorted = lengths.toSorted((a, b) => a - b)
      return (sorted[Math.floor(SHARE * (sorted.length - 1))] ?? 0) + MARGIN_MS
    },
  }
}
