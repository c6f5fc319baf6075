import { isAbort, QuantvoxError } from '../../errors.ts'
import type { Clip, Decode, Decoded, DecodeOptions } from './decoding.ts'

export type PartialDecoding = {
  /** A decoding that counts. It never waits for a partial one of the same model, whoever's that is: it is cancelled. */
  full: Decode
  /**
   * A look at what was said so far; null where there is no time for it now, or where a full decoding cancelled it.
   * @throws what decoding throws; the signal's reason when aborted
   */
  partial(clip: Clip, options: DecodeOptions, signal: AbortSignal): Promise<Decoded | null>
}

type Engine = { full: number; cancelPartial: AbortController | null; restUntilMs: number }

/**
 * Partial decodings use at most half of an engine's time: after each one all of them rest for as long as it took. One for
 * all sessions, because they share the engines.
 */
export function createPartialDecoding(
  decode: Decode,
  now: () => number = () => performance.now(),
): PartialDecoding {
  const engines = new Map<string, Engine>()
  const engineOf = (name: string) => {
    const known = engines.get(name)
    if (known) return known
    const made: Engine = { full: 0, cancelPartial: null, restUntilMs: 0 }
    engines.set(name, made)
    return made
  }

  return {
    async full(clip, options, signal) {
      const engine = engineOf(options.model.name)
      engine.cancelPartial?.abort(new Error('a full decoding comes first'))
      engine.full++
      try {
        return await decode(clip, options, signal)
      } finally {
        engine.full--
      }
    },
    async partial(clip, options, signal) {
      const engine = engineOf(options.model.name)
      const startedAt = now()
      if (engine.full > 0 || engine.cancelPartial !== null || startedAt < engine.restUntilMs) return null
      const cancel = new AbortController()
      engine.cancelPartial = cancel
      try {
        return await decode(clip, options, AbortSignal.any([signal, cancel.signal]))
      } catch (error) {
        if (!signal.aborted && isAbort(error, cancel.signal)) return null
        // A router has no place for what nobody waits for.
        if (error instanceof QuantvoxError && error.code === 'at_capacity') return null
        throw error
      } finally {
        engine.cancelPartial = null
        engine.restUntilMs = now() + (now() - startedAt)
      }
    },
  }
}
