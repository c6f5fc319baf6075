import { joinSamples, samplesIn } from '../../audio/pcm.ts'

/** The last of a microphone's sound, as it came. */
export type RecentSound = {
  push(samples: Int16Array): void
  /** So many milliseconds of it, or as many as there are. */
  last(ms: number): Int16Array
}

/** @param keptMs how much of it is kept, milliseconds */
export function createRecentSound(sampleRate: number, keptMs: number): RecentSound {
  const kept = samplesIn(keptMs, sampleRate)
  let parts: Int16Array[] = []
  let length = 0
  return {
    push(samples) {
      parts.push(samples)
      length += samples.length
      const oldest = parts[0]?.length ?? 0
      if (length - oldest < kept) return
      parts = parts.slice(1)
      length -= oldest
    },
    last: ms => joinSamples(parts).slice(-samplesIn(ms, sampleRate)),
  }
}
