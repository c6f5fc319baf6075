import { durationMs, samplesIn } from '../../audio/pcm.ts'
import type { Utterance } from '../../audio/utterance.ts'
import type { PartialText, RecognitionOptions, SpeechLevel } from '../../recognition/recognizer.ts'
import { recordTranscript } from '../recordTranscript.ts'
import type { Stages } from '../stages.ts'
import type { Turn } from '../turn.ts'

export type LiveRecognition = {
  progress(heardUntilMs: number, current: () => Utterance | null): void
  paused(utterance: Utterance): void
  resumed(): void
  /** What is heard is to be heard with another model or language. */
  reopen(): void
  /** What was said, or null for "nothing"; figures go into the turn's draft. */
  finish(utterance: Utterance, level: SpeechLevel, signal: AbortSignal): Promise<string | null>
  cancel(): void
}

/** Hands the recognizer what an ear heard since it was asked last, and the record what came of it. */
export function createLiveRecognition(
  { recognizer }: Stages,
  turn: Turn,
  startMs: number,
  options: () => Omit<RecognitionOptions, 'owner'>,
  onPartial: ((partial: PartialText) => void) | null,
): LiveRecognition {
  let recognition = open()
  let pushed = 0
  let begunEarly = false

  function open() {
    const opened = recognizer.open({ ...options(), owner: turn.owner })
    if (onPartial !== null) opened.partials(onPartial)
    return opened
  }

  function feed(utterance: Utterance): void {
    if (pushed === 0) {
      pushed = samplesIn(startMs - utterance.startMs)
      recognition.push(utterance.samples.subarray(0, pushed))
    }
    recognition.push(utterance.samples.subarray(pushed))
    pushed = utterance.samples.length
  }

  return {
    progress(_heardUntilMs, current) {
      const utterance = onPartial === null ? null : current()
      if (utterance !== null) feed(utterance)
    },
    paused(utterance) {
      begunEarly = true
      feed(utterance)
      recognition.paused(utterance)
    },
    resumed: () => recognition.resumed(),
    reopen() {
      recognition.cancel()
      recognition = open()
      pushed = 0
    },
    async finish(utterance, { name: model, digest, quantization }, signal) {
      const { speech } = turn.draft
      const audioMs = durationMs(utterance.samples.length)
      Object.assign(speech, { model, digest, quantization, audioMs, speechMs: utterance.speechMs })
      if (begunEarly) speech.earlyDecode = 'discarded'
      feed(utterance)
      const transcript = await recognition.finish(utterance, signal)
      speech.earlyDecode = transcript.earlyDecode ?? speech.earlyDecode
      recordTranscript(speech, transcript)
      turn.timeline.mark('transcript', transcript.readyAtMs)
      return transcript.text || null
    },
    cancel: () => recognition.cancel(),
  }
}
