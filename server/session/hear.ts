import type { DecodedAudio } from '../audio/decodedAudio.ts'
import { recognizeClip, type SpeechLevel } from '../recognition/recognizer.ts'
import { recordTranscript } from './recordTranscript.ts'
import type { Stages } from './stages.ts'
import type { Turn } from './turn.ts'

/** What was said in a whole clip, or null for "nothing". Figures go into the turn's draft. */
export async function hear(
  audio: DecodedAudio,
  model: SpeechLevel,
  language: string | null,
  stages: Stages,
  turn: Turn,
  signal: AbortSignal,
): Promise<string | null> {
  const { draft, timeline, owner } = turn
  const { name, digest, quantization } = model
  Object.assign(draft.speech, { model: name, digest, quantization, audioMs: audio.durationMs })
  if (audio.samples.length === 0) {
    draft.speech.speechMs = 0
    return null
  }
  const find = async () => {
    const found = await stages.findSpeech(audio.samples, signal)
    draft.speech.speechMs = found.speechMs
    return found
  }
  const options = { model, language, owner }
  const transcript = await recognizeClip(stages.recognizer, audio.samples, find, options, signal)
  if (transcript.passes === 0) return null
  recordTranscript(draft.speech, transcript)
  timeline.mark('transcript', transcript.readyAtMs)
  return transcript.text || null
}
