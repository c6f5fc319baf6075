import type { Recognizer } from '../recognizer.ts'
import { createPartialDecoding } from '../utterance/partialDecoding.ts'
import { openUtterance } from '../utterance/utterance.ts'
import { createDecode, type DecodeDependencies } from './decode.ts'

/** Whisper levels on whisper-servers. Every one that shares the engines must be the same one: partial decodings are rationed in it. */
export function createWhisperRecognizer(dependencies: DecodeDependencies): Recognizer {
  const decoding = createPartialDecoding(createDecode(dependencies))
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
