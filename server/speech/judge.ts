/** OpenAI's Whisper takes a decoding as silence beyond both (`no_speech_threshold`, `logprob_threshold` in transcribe.py). */
const maxNoSpeechProbability = 0.6
const minMeanLogProbability = -1
/** With so little voiced, the recognizer's own doubt is enough. */
const littleSpeechMs = 320

export type Heard = {
  text: string
  /** Voiced time by voice activity. */
  speechMs: number
  noSpeechProbability: number | null
  meanLogProbability: number | null
}

/**
 * Whether a text was really said or made up by the recognizer on near-silence. Judged by how much was voiced and how sure the
 * recognizer was, never by what the text says: a spoken "thank you" must get through.
 */
export function isSaid({ text, speechMs, noSpeechProbability, meanLogProbability }: Heard): boolean {
  if (!/[\p{L}\p{N}]/u.test(text)) return false
  if (speechMs <= 0) return false
  const silent = (noSpeechProbability ?? 0) > maxNoSpeechProbability
  const unsure = (meanLogProbability ?? 0) < minMeanLogProbability
  return speechMs < littleSpeechMs ? !(silent || unsure) : !(silent && unsure)
}

/** The same for a whole transcript. */
export function judgeTranscript(transcript: Omit<Heard, 'speechMs'>, speechMs: number): boolean {
  return isSaid({ ...transcript, speechMs })
}
