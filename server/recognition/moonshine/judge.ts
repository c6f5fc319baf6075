/**
 * Mean log probability of the tokens and the end below which a text counts only with much voiced speech, and below which it is
 * worthless. Measured: 27 real clips at worst -0.20 (base int8) and -0.29 (tiny int8); the "You" that tiny makes of silence -1.15
 * and of noise -0.48. Base makes nothing of them.
 */
const DOUBTFUL_LOG_PROBABILITY = -0.4
const WORTHLESS_LOG_PROBABILITY = -1
/** With so little voiced, a doubtful text was made up. */
const LITTLE_SPEECH_MS = 320

/**
 * A text that may be no words, of something so short, is heard by Whisper, too, below this mean log probability: misheard hums, laughs
 * and words of flite's have -0.3 or less.
 */
const UNSURE_LOG_PROBABILITY = -0.25
export const SHORT_SPEECH_MS = 1000

/**
 * Where both are so little sure, by the sum of their mean log probabilities, it may be no words. Measured with base.en int8 and tiny.en
 * q8_0 on those voices of flite that it was chosen on, in five crops each: misheard listening words -1.2 to -2.4, a stop phrase that both
 * misheard -1.4 to -1.85, and no stop word may be missed. Of what Moonshine makes nothing of it is taken to be as little sure as of
 * what is worthless.
 */
const UNCLEAR_LOG_PROBABILITIES = -2

/** Whether what Whisper heard, too, may be no words. */
export function isUnclear(moonshine: number | null, whisper: number | null): boolean {
  return (moonshine ?? WORTHLESS_LOG_PROBABILITY) + (whisper ?? 0) < UNCLEAR_LOG_PROBABILITIES
}

/** Whether the model is less sure of a text than of what is said clearly. */
export function isUnsure(meanLogProbability: number | null): boolean {
  return (meanLogProbability ?? 0) < UNSURE_LOG_PROBABILITY
}

/** Whether a text was really said; by how much was voiced and how sure the model was, never by what it says. */
export function isSaid(text: string, meanLogProbability: number | null, speechMs: number): boolean {
  if (!hasWords(text) || speechMs <= 0) return false
  const logProbability = meanLogProbability ?? 0
  if (logProbability < WORTHLESS_LOG_PROBABILITY) return false
  return speechMs >= LITTLE_SPEECH_MS || logProbability >= DOUBTFUL_LOG_PROBABILITY
}

export const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text)
