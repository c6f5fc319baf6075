import { durationMs, samplesIn } from '../../audio/pcm.ts'
import type { Utterance } from '../../audio/utterance.ts'
import { createEarlyDecode } from '../../recognition/whisper/earlyDecode.ts'
import { judgeTranscript } from '../../recognition/whisper/judge.ts'
import type { PartialDecoding } from '../../recognition/whisper/partialDecoding.ts'
import { createPartialText, type PartialText } from '../../recognition/whisper/partialText.ts'
import type { SpeechLevel } from '../../recognition/whisper/recognizer.ts'
import { withSilentTail } from '../../recognition/whisper/silentTail.ts'
import { recordTranscript } from '../recordTranscript.ts'
import type { Turn } from '../turn.ts'

/** New audio that makes another partial decoding worth it. */
const PARTIAL_STEP_MS = 500
/** A partial decoding hears at most so much: the engine's window. */
const PARTIAL_WINDOW_MS = 30_000

export type HearingChoice = { level: SpeechLevel; language: string | null }

export type Recognition = {
  /** Speech goes on: may look at what was said so far. */
  progress(heardUntilMs: number, current: () => Utterance | null): void
  paused(utterance: Utterance): void
  resumed(): void
  /** What was said, or null for "nothing"; figures go into the turn's draft. */
  finish(utterance: Utterance, choice: HearingChoice, signal: AbortSignal): Promise<string | null>
  /** Nobody wants it any more. */
  stop(): void
}

/** Recognizes one live utterance while it comes: partial looks, an early decoding at each pause, the final one. */
export function createRecognition(
  decoding: PartialDecoding,
  turn: Turn,
  startMs: number,
  choice: () => Promise<HearingChoice>,
  onPartial: ((partial: PartialText) => void) | null,
): Recognition {
  const words = createPartialText()
  const stopped = new AbortController()
  let partialRuns = false
  let pausing = false
  let lookedUntilMs = startMs
  let decodedUntilMs = startMs
  let windowStartMs: number | null = null
  let earlyChoice: HearingChoice | null = null

  const early = createEarlyDecode(async (utterance, signal) => {
    earlyChoice = await choice()
    return await decode(utterance, earlyChoice, signal)
  })

  function decode(utterance: Utterance, { level, language }: HearingChoice, signal: AbortSignal) {
    const { segments, speechMs } = utterance
    const samples = withSilentTail(utterance)
    const options = { model: level, language, owner: turn.owner }
    return decoding.full({ samples, speech: { segments, speechMs } }, options, signal)
  }

  async function look(utterance: Utterance, tell: (partial: PartialText) => void): Promise<void> {
    const endMs = utterance.startMs + durationMs(utterance.samples.length)
    windowStartMs ??= utterance.startMs
    if (endMs - windowStartMs > PARTIAL_WINDOW_MS) {
      words.freeze()
      windowStartMs = Math.max(decodedUntilMs, endMs - PARTIAL_WINDOW_MS)
    }
    const samples = utterance.samples.subarray(samplesIn(windowStartMs - utterance.startMs))
    const speech = {
      segments: [{ startMs: 0, endMs: durationMs(samples.length) }],
      speechMs: utterance.speechMs,
    }
    const { level, language } = await choice()
    const transcript = await decoding.partial(
      { samples, speech },
      { model: level, language, owner: turn.owner },
      stopped.signal,
    )
    if (transcript !== null) decodedUntilMs = endMs
    if (transcript && !stopped.signal.aborted && transcript.text !== '') tell(words.decoded(transcript.text))
  }

  const stopPartials = () => stopped.abort(new Error('the final transcript comes first'))

  return {
    progress(heardUntilMs, current) {
      if (onPartial === null || partialRuns || pausing || stopped.signal.aborted) return
      if (heardUntilMs - lookedUntilMs < PARTIAL_STEP_MS) return
      const utterance = current()
      if (utterance === null) return
      lookedUntilMs = heardUntilMs
      partialRuns = true
      // A look that fails costs nothing: the final decoding tells of an engine that is broken.
      look(utterance, onPartial)
        .catch(() => {})
        .finally(() => {
          partialRuns = false
        })
    },
    paused(utterance) {
      pausing = true
      early.start(utterance)
    },
    resumed() {
      pausing = false
      early.discard()
    },
    async finish(utterance, final, signal) {
      stopPartials()
      const { level } = final
      const { speech } = turn.draft
      const { name: model, digest, quantization } = level
      const audioMs = durationMs(utterance.samples.length)
      Object.assign(speech, { model, digest, quantization, audioMs, speechMs: utterance.speechMs })
      if (earlyChoice !== null && earlyChoice.level.name !== level.name) early.discard()
      const finishing = early.finish(utterance, signal)
      const { transcript, readyAtMs } = await finishing.finally(() => {
        speech.earlyDecode = early.outcome()
      })
      recordTranscript(speech, transcript)
      turn.timeline.mark('transcript', readyAtMs)
      return judgeTranscript(transcript, utterance.speechMs) ? transcript.text : null
    },
    stop() {
      stopPartials()
      early.discard()
    },
  }
}
