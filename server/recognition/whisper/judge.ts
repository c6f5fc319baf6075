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
/**
 * So little voiced is a hum, a laugh, or a word or two; below this mean log probability it may be either. Measured with tiny.en q8_0 on
 * those voices of flite that it was chosen on: what must stop a reply and has no word that does -1.12 at worst, misheard listening words
 * -1.22 and -1.27.
 */
export const SHORT_SPEECH_MS = 800
const UNCLEAR_LOG_PROBABILITY = -1.2
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

/** Whether what was heard of something short may be no words at all. */
export function isUnclear(meanLogProbability: number | null): boolean {
  return (meanLogProbability ?? 0) < UNCLEAR_LOG_PROBABILITY
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
