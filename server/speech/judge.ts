/** Mean log probabilities below this are doubtful: over 27 real clips tiny.en q8_0 gives -0.35 at worst, what it invents on noise -0.9 to -2.9. */
const doubtfulLogProbability = -0.7
/** OpenAI's Whisper takes a decoding as silence above this (`no_speech_threshold` in transcribe.py). */
const maxNoSpeechProbability = 0.6
/** With so little voiced, either doubt is enough. */
const littleSpeechMs = 320

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
  return hasWords(text) && (speechMs < littleSpeechMs || (meanLogProbability ?? 0) < doubtfulLogProbability)
}

/**
 * Whether a text was really said or made up by the recognizer on near-silence. Judged by how much was voiced and how sure the
 * recognizer was, never by what the text says: a spoken "thank you" must get through.
 */
export function isSaid({ text, speechMs, noSpeechProbability, meanLogProbability }: Heard): boolean {
  if (!hasWords(text) || speechMs <= 0) return false
  const silent = (noSpeechProbability ?? 0) > maxNoSpeechProbability
  const unsure = (meanLogProbability ?? 0) < doubtfulLogProbability
  return speechMs < littleSpeechMs ? !(silent || unsure) : !(silent && unsure)
}

/** The same for a whole transcript. */
export function judgeTranscript(transcript: Omit<Heard, 'speechMs'>, speechMs: number): boolean {
  return isSaid({ ...transcript, speechMs })
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
