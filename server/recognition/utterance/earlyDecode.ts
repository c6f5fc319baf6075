import type { Speech } from '../../audio/utterance.ts'
import type { HeardText, Transcript } from '../recognizer.ts'

export type EarlyDecode = {
  /** Decodes the utterance so far at a pause, while it is not yet known whether speech goes on. `heard` is told what it gave, unless it is discarded. */
  start(speech: Speech, heard?: (text: string) => void): void
  /** Speech goes on, or nobody wants it any more: the decoding is cancelled. */
  discard(): void
  /** What it gave, while it is not discarded, and before that what it is still in doubt about; null before both. */
  text(): HeardText | null
  /**
   * The transcript of the whole utterance: the early one where no speech came after it, else a decoding that starts now.
   * An early one that failed is tried again.
   */
  finish(speech: Speech, signal: AbortSignal): Promise<Transcript>
}

type Running = {
  speech: Speech
  cancel: AbortController
  result: Promise<Transcript>
  text: HeardText | null
}

/** Uses the silence that the server must wait for anyway: decoding starts with it, not after it. */
export function createEarlyDecode(
  decode: (speech: Speech, signal: AbortSignal, doubted: (text: string) => void) => Promise<Transcript>,
): EarlyDecode {
  let begun = false
  let running: null | Running = null

  const discard = () => {
    running?.cancel.abort(new Error('speech went on'))
    running = null
  }

  /** Null where there is none of the whole, or where it failed. */
  async function earlyOne(speech: Speech, signal: AbortSignal): Promise<Transcript | null> {
    if (running === null || endOf(running.speech) !== endOf(speech)) return null
    const { cancel, result } = running
    const stop = () => cancel.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      return await result
    } catch {
      signal.throwIfAborted()
      return null
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    start(speech, heard) {
      discard()
      begun = true
      const cancel = new AbortController()
      const doubted = (text: string) => {
        current.text = { text, firstText: null, isUnclear: true }
      }
      const result = decode(speech, cancel.signal, doubted)
      const current: Running = { speech, cancel, result, text: null }
      result.then(
        ({ text, firstText, isUnclear }) => {
          current.text = { text, firstText, isUnclear }
          if (running === current) heard?.(text)
        },
        () => {},
      )
      running = current
    },
    discard,
    text: () => running?.text ?? null,
    async finish(speech, signal) {
      const early = await earlyOne(speech, signal)
      if (early !== null) return { ...early, earlyDecode: 'used' }
      discard()
      return { ...(await decode(speech, signal, () => {})), earlyDecode: begun ? 'discarded' : null }
    },
  }
}

const endOf = ({ segments }: Speech) => segments.at(-1)?.endMs
