import { durationMs, samplesIn } from '../../audio/pcm.ts'
import type { PartialText } from '../recognizer.ts'
import type { Clip, Decoded } from './decoding.ts'
import { createPartialText } from './partialText.ts'

/** New audio that makes another partial decoding worth it. */
const STEP_MS = 500
/** A partial decoding hears at most so much: the engine's window. */
const WINDOW_MS = 30_000

export type PartialLooks = {
  /** There is more of the utterance: all samples of it so far. What there is at first is not new. */
  grew(samples: Int16Array): void
  /** No look goes on, none begins, and nothing more is told. */
  stop(): void
}

/**
 * Looks at an utterance while it is spoken, one at a time.
 * @param decode null where there is no time for a look now
 */
export function createPartialLooks(
  decode: (clip: Clip, signal: AbortSignal) => Promise<Decoded | null>,
  tell: (partial: PartialText) => void,
): PartialLooks {
  const words = createPartialText()
  const stopped = new AbortController()
  let running = false
  let lookedUntilMs: number | null = null
  let decodedUntilMs = 0
  let windowStartMs = 0

  async function look(samples: Int16Array): Promise<void> {
    const endMs = durationMs(samples.length)
    if (endMs - windowStartMs > WINDOW_MS) {
      words.freeze()
      windowStartMs = Math.max(decodedUntilMs, endMs - WINDOW_MS)
    }
    const window = samples.subarray(samplesIn(windowStartMs))
    const speechMs = durationMs(window.length)
    const speech = { segments: [{ startMs: 0, endMs: speechMs }], speechMs }
    const decoded = await decode({ samples: window, speech }, stopped.signal)
    if (decoded === null) return
    decodedUntilMs = endMs
    if (stopped.signal.aborted || decoded.text === '') return
    tell({ ...words.decoded(decoded.text), firstText: null, isUnclear: decoded.isUnclear })
  }

  return {
    grew(samples) {
      const heardMs = durationMs(samples.length)
      lookedUntilMs ??= heardMs
      if (running || stopped.signal.aborted || heardMs - lookedUntilMs < STEP_MS) return
      lookedUntilMs = heardMs
      running = true
      // A look that fails costs nothing: the final decoding tells of an engine that is broken.
      look(samples)
        .catch(() => {})
        .finally(() => {
          running = false
        })
    },
    stop: () => stopped.abort(new Error('the final transcript comes first')),
  }
}
