import { type SpokenAudio, samplesIn, toFloat32 } from '../../audio/pcm.ts'
import { createResampler, type Resampler } from '../../shared/resampler.ts'

/** What was played so long ago is of no use any more. */
const KEPT_MS = 3000

/** The audio of one reply that was sent lately, at a rate of its own. */
export type SentSound = {
  /** The next part of it; `playedMs`: where its listener is. */
  push(audio: SpokenAudio, playedMs: number): void
  /** From one position in the reply to another, milliseconds; silence where nothing is known of it. */
  between(fromMs: number, toMs: number): Float32Array
}

export function createSentSound(rate: number): SentSound {
  let resampler: Resampler | null = null
  let rateOfIt = 0
  let parts: { at: number; samples: Float32Array }[] = []
  let length = 0
  const at = (ms: number) => samplesIn(ms, rate)

  function add(samples: Float32Array): void {
    if (samples.length > 0) parts.push({ at: length, samples })
    length += samples.length
  }

  return {
    push({ samples, sampleRate }, playedMs) {
      if (sampleRate !== rateOfIt) {
        if (resampler !== null) add(resampler.end())
        resampler = createResampler(sampleRate, rate)
        rateOfIt = sampleRate
      }
      if (resampler !== null) add(resampler.push(toFloat32(samples)))
      parts = parts.filter(part => part.at + part.samples.length > at(playedMs - KEPT_MS))
    },
    between(fromMs, toMs) {
      const from = at(fromMs)
      const sound = new Float32Array(at(toMs) - from)
      for (const { at: start, samples } of parts) {
        const end = Math.max(0, from + sound.length - start)
        const known = samples.subarray(Math.max(0, from - start), end)
        if (known.length > 0) sound.set(known, Math.max(0, start - from))
      }
      return sound
    },
  }
}
