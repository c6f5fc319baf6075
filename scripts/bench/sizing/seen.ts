import { quantile } from '../../../server/shared/quantiles.ts'

export type Seen = ReturnType<typeof createSeen>

/** What is written down of the turns that count. */
export function createSeen(countedMs: number) {
  const firstAudioMs: number[] = []
  const languageWaitMs: number[] = []
  const speechWaitMs: number[] = []
  const counts = { cached: 0, asked: 0, partials: 0, shed: 0, spokenMs: 0 }
  return {
    firstAudioMs,
    languageWaitMs,
    speechWaitMs,
    tally: counts,
    figures: () => ({
      turns: firstAudioMs.length,
      turnsPerSecond: firstAudioMs.length / (countedMs / 1000),
      firstAudio: { p50: quantileOf(firstAudioMs, 0.5), p95: quantileOf(firstAudioMs, 0.95) },
      languageWaitP95: quantileOf(languageWaitMs, 0.95),
      speechWaitP95: quantileOf(speechWaitMs, 0.95),
      cachedShare: counts.cached / Math.max(1, counts.asked),
      partialsShedShare: counts.shed / Math.max(1, counts.partials),
      spokenTo: counts.spokenMs / countedMs,
    }),
  }
}

const quantileOf = (values: readonly number[], p: number): number =>
  quantile(Float64Array.from(values).sort(), p) ?? Number.NaN
