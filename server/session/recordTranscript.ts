import type { SpeechTimings } from '../protocol/record.ts'
import type { Transcript } from '../recognition/recognizer.ts'

/** Puts what a decoding took into the turn's draft; `speech.audioMs` must be there already. */
export function recordTranscript(speech: SpeechTimings, transcript: Transcript): void {
  const { queueMs, inferenceMs, audioContext, passes, cold, engine } = transcript
  Object.assign(speech, { queueMs, inferenceMs, audioContext, passes, cold, engine })
  speech.realTimeFactor = speech.audioMs ? inferenceMs / speech.audioMs : null
}
