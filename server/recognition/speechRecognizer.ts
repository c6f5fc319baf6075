import { isMoonshine } from '../engineLease.ts'
import { createMoonshineDecode } from './moonshine/decode.ts'
import type { Recognizer, SpeechLevel } from './recognizer.ts'
import type { DecodeDependencies } from './utterance/decoding.ts'
import { createPartialDecoding } from './utterance/partialDecoding.ts'
import { openUtterance } from './utterance/utterance.ts'
import { createWhisperDecode } from './whisper/decode.ts'

type SpeechRecognizerDependencies = DecodeDependencies & {
  /** The Whisper level that hears what Moonshine makes nothing of; null where none is here. */
  secondOpinion?: (signal: AbortSignal) => Promise<SpeechLevel | null>
}

/**
 * Whisper levels on whisper-servers and Moonshine levels on our engine. Every one that shares the engines must be the same one:
 * partial decodings are rationed in it.
 */
export function createSpeechRecognizer(dependencies: SpeechRecognizerDependencies): Recognizer {
  const whisper = createWhisperDecode(dependencies)
  const moonshine = createMoonshineDecode({
    ...dependencies,
    async secondOpinion(clip, options, signal) {
      const model = (await dependencies.secondOpinion?.(signal)) ?? null
      return model === null ? null : await whisper(clip, { ...options, model, onStretch: undefined }, signal)
    },
  })
  const decoding = createPartialDecoding((clip, options, signal) =>
    (isMoonshine(options.model) ? moonshine : whisper)(clip, options, signal),
  )
  return {
    capabilities: { partials: true, earlyDecode: true },
    open: options => openUtterance(decoding, options),
    async load(model, owner, signal) {
      const place = await dependencies.acquire(model, owner, signal)
      place.release()
      return { loadMs: place.loadMs }
    },
  }
}
