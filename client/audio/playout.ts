/** When each piece of a reply plays, on the clock of the audio context (seconds); knows nothing of audio itself. */
export type Playout = ReturnType<typeof createPlayout>

export function createPlayout(leadSeconds: number) {
  /** Pieces that follow each other without a gap are one. */
  const stretches: { start: number; end: number }[] = []

  return {
    /** Appends a piece; says when to start it. A piece that comes too late starts after the lead. */
    append(nowSeconds: number, durationSeconds: number): number {
      const last = stretches.at(-1)
      if (last !== undefined && last.end >= nowSeconds) {
        const start = last.end
        last.end += durationSeconds
        return start
      }
      const start = nowSeconds + leadSeconds
      stretches.push({ start, end: start + durationSeconds })
      return start
    },
    /** Nothing plays from now on; what comes next starts after the lead. */
    stop(nowSeconds: number): void {
      for (const stretch of stretches)
        stretch.end = Math.max(stretch.start, Math.min(stretch.end, nowSeconds))
    },
    /** Milliseconds of the reply that have played. */
    positionMs(nowSeconds: number): number {
      const played = stretches.map(({ start, end }) => Math.max(0, Math.min(nowSeconds, end) - start))
      return played.reduce((sum, seconds) => sum + seconds, 0) * 1000
    },
    /** When all that was appended has played; null before the first piece. */
    endsAt: (): number | null => stretches.at(-1)?.end ?? null,
  }
}
