/**
 * Mean log probability below which a text is doubtful, and below which it is worthless. Measured with tiny.en: 27 real clips
 * -0.35 at worst (q8_0), single spoken words down to -1.2 (q4_0); texts made up on noise, bursts and tones -2.2 to -3.7.
 */
const DOUBTFUL_LOG_PROBABILITY = -0.7
const WORTHLESS_LOG_PROBABILITY = -2
/**
 * OpenAI's Whisper takes a decoding as silence above this (`no_speech_threshold` in transcribe.py). Measured in the same way:
 * spoken words up to 0.23, noise from 0.54 on.
 */
const MAX_NO_SPEECH_PROBABILITY = 0.6
/** With so little voiced, a high no-speech probability is enough. */
const LITTLE_SPEECH_MS = 320

export type Heard = {
  text: string
  /** Voiced time by voice activity. */
  speechMs: number
  /** Null where it was not asked for. */
  noSpeechProbability: number | null
  /** Mean over the tokens; null where there is none. */
  meanLogProbability: number | null
}

/** Whether the no-speech probability is worth another decoding. */
export function isDoubtful({
  text,
  speechMs,
  meanLogProbability,
}: Omit<Heard, 'noSpeechProbability'>): boolean {
  return (
    hasWords(text) && (speechMs < LITTLE_SPEECH_MS || (meanLogProbability ?? 0) < DOUBTFUL_LOG_PROBABILITY)
  )
}

/**
 * Whether the text of a piece, or of a whole clip, was really said or made up by the recognizer on near-silence. Judged by how much was voiced and how sure the
 * recognizer was, never by what the text says: a spoken "thank you" must get through.
 */
export function isSaid({ text, speechMs, noSpeechProbability, meanLogProbability }: Heard): boolean {
  if (!hasWords(text) || speechMs <= 0) return false
  const logProbability = meanLogProbability ?? 0
  if (logProbability < WORTHLESS_LOG_PROBABILITY) return false
  const silent = (noSpeechProbability ?? 0) > MAX_NO_SPEECH_PROBABILITY
  return !(silent && (speechMs < LITTLE_SPEECH_MS || logProbability < DOUBTFUL_LOG_PROBABILITY))
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
