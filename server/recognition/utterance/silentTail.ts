import { durationMs, joinSamples, samplesIn } from '../../audio/pcm.ts'
import type { Speech } from '../../audio/utterance.ts'

/** As much as the recognizer keeps after speech where it has it. */
const TAIL_MS = 320
/** After the last voiced frame; a word may still fade in it. */
const FADING_MS = 32

/**
 * The samples of an utterance with at least 320 ms after its last voiced frame: what silence there is, to and fro. An utterance
 * that is decoded early ends 128 ms after it, and Whisper mishears a last word that is cut off so soon. Measured with tiny.en q8_0
 * on 27 clips: 5.09 % of the words wrong with 128 ms or with zeros added, 4.56 % with this, and with 192 or 320 ms waited for.
 */
export function withSilentTail(samples: Int16Array, { segments }: Speech): Int16Array {
  const lastVoicedMs = segments.at(-1)?.endMs ?? 0
  const missing = samplesIn(TAIL_MS - (durationMs(samples.length) - lastVoicedMs))
  const silence = samples.slice(samplesIn(lastVoicedMs + FADING_MS))
  if (missing <= 0 || silence.length === 0) return samples
  const parts = [samples]
  for (let added = 0; added < missing; added += silence.length) {
    parts.push(silence.reverse().slice(0, missing - added))
  }
  return joinSamples(parts)
}
