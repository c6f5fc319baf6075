/**
 * Mean log probability of the tokens and the end below which a text counts only with much voiced speech, and below which it is
 * worthless. Measured: 27 real clips at worst -0.20 (base int8) and -0.29 (tiny int8); the "You" that tiny makes of silence -1.15
 * and of noise -0.48. Base makes nothing of them.
 */
const DOUBTFUL_LOG_PROBABILITY = -0.4
const WORTHLESS_LOG_PROBABILITY = -1
/** With so little voiced, a doubtful text was made up. */
const LITTLE_SPEECH_MS = 320

/** Whether a text was really said; by how much was voiced and how sure the model was, never by what it says. */
export function isSaid(text: string, meanLogProbability: number | null, speechMs: number): boolean {
  if (!hasWords(text) || speechMs <= 0) return false
  const logProbability = meanLogProbability ?? 0
  if (logProbability < WORTHLESS_LOG_PROBABILITY) return false
  return speechMs >= LITTLE_SPEECH_MS || logProbability >= DOUBTFUL_LOG_PROBABILITY
}

export const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text)
