import type { Utterance } from '../../audio/utterance.ts'
import type { Transcript } from './recognizer.ts'

export type EarlyDecode = {
  /** Decodes the utterance so far at a pause, while it is not yet known whether speech goes on. */
  start(utterance: Utterance): void
  /** Speech goes on, or nobody wants it any more: the decoding is cancelled. */
  discard(): void
  /**
   * The transcript of the whole utterance: the early one where no speech came after it, else a decoding that starts now.
   * An early one that failed is tried again.
   */
  finish(utterance: Utterance, signal: AbortSignal): Promise<{ transcript: Transcript; readyAtMs: number }>
  /** Null while none was started. */
  outcome(): 'used' | 'discarded' | null
}

/** Uses the silence that the server must wait for anyway: decoding starts with it, not after it. */
export function createEarlyDecode(
  decode: (utterance: Utterance, signal: AbortSignal) => Promise<Transcript>,
): EarlyDecode {
  let outcome: 'used' | 'discarded' | null = null
  let running: null | {
    lastVoicedMs: number
    cancel: AbortController
    result: Promise<{ transcript: Transcript; readyAtMs: number }>
  } = null

  async function timed(utterance: Utterance, signal: AbortSignal) {
    const transcript = await decode(utterance, signal)
    return { transcript, readyAtMs: performance.now() }
  }

  const discard = () => {
    running?.cancel.abort(new Error('speech went on'))
    running = null
  }

  return {
    start(utterance) {
      discard()
      outcome = 'discarded'
      const cancel = new AbortController()
      const result = timed(utterance, cancel.signal)
      result.catch(() => {})
      running = { lastVoicedMs: utterance.lastVoicedMs, cancel, result }
    },
    discard,
    async finish(utterance, signal) {
      const early = running
      if (early === null || early.lastVoicedMs !== utterance.lastVoicedMs) {
        discard()
        return await timed(utterance, signal)
      }
      const stop = () => early.cancel.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      try {
        const result = await early.result
        outcome = 'used'
        return result
      } catch {
        signal.throwIfAborted()
        return await timed(utterance, signal)
      } finally {
        signal.removeEventListener('abort', stop)
        running = null
      }
    },
    outcome: () => outcome,
  }
}
