import type { Speech } from '../../audio/utterance.ts'
import type { SpeechEngineLease } from '../../engineLease.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Routing } from '../../shared/routed.ts'
import type { RecognitionOptions, SpeechLevel, Transcript } from '../recognizer.ts'

export type DecodeDependencies = {
  acquire(model: SpeechLevel, owner: string, signal: AbortSignal): Promise<SpeechEngineLease>
  timeoutMs?: number
  /** Names and other rare words that may be said, for models that take them. */
  vocabulary?: readonly string[]
}

/** Mono samples, 16 kHz, and where speech is in them. */
export type Clip = { samples: Int16Array; speech: Speech }

export type DecodeOptions = Pick<RecognitionOptions, 'prompt' | 'translates' | 'onStretch'> & {
  model: SpeechLevel
  /** Language code; null lets a multilingual model find out, which costs one more encoding. */
  language: string | null
  owner: string
  /** Called when the engine is asked, after any wait for it. */
  onAsked?: () => void
  /** It is shown while the utterance goes on: no words in it, or doubtful ones, are no reason to decode again. */
  isLook?: boolean
  /** As of a recognition; `onDoubted` is told the text before another model is asked about it. */
  isDoubted?: boolean
  onDoubted?: (text: string) => void
  /** What decodings of this utterance heard so far: a recognizer that can checks it instead of starting anew, and renews it. */
  draft?: { tokens: readonly number[] }
}

export type Decoded = Omit<Transcript, 'earlyDecode' | 'readyAtMs'> & {
  /** Whether the text was really said, where so much was voiced in the whole clip. */
  isSaid(speechMs: number): boolean
}

/**
 * Decodes a clip; `text` has what was really said of each piece. Silence around the speech is cut off; long clips are split at
 * pauses.
 * @throws QuantvoxError `engine_unavailable`, `engine_failed`, `engine_timeout`, and what `acquire` throws; the signal's reason when aborted
 */
export type Decode = (clip: Clip, options: DecodeOptions, signal: AbortSignal) => Promise<Decoded>

/** The requests of one decoding in a place. */
export type Requests = {
  /** How each of them goes. */
  routing: Routing
  /** What they took, and who answered. `inferenceMs` is without the wait in a router, which is part of `queueMs`. */
  figures(): Pick<Decoded, 'queueMs' | 'inferenceMs' | 'cold' | 'loadMs' | 'engine' | 'host' | 'retries'>
}

function requestsTo(place: SpeechEngineLease, isPartial: boolean, retriesBefore: number): Requests {
  const startedAt = performance.now()
  const { cold, loadMs, engine } = place
  let { host } = place
  let retries = host === null ? null : retriesBefore
  let routerQueueMs = 0
  return {
    routing: {
      isPartial,
      onAnswer(by) {
        if (by === null) return
        host = by.host
        routerQueueMs += by.queueMs ?? 0
        retries = (retries ?? 0) + (by.retries ?? 0)
      },
    },
    figures: () => ({
      queueMs: place.queueMs + routerQueueMs,
      inferenceMs: performance.now() - startedAt - routerQueueMs,
      ...{ cold, loadMs, engine, host, retries },
    }),
  }
}

/**
 * Tells texts in their order, each once, up to the first that is not final (null). It outlives an engine that is asked again.
 */
export function createTelling(tell: ((text: string) => void) | undefined) {
  let told = 0
  return (texts: readonly (string | null)[]): void => {
    for (const text of texts.slice(told)) {
      if (text === null) return
      told++
      if (text !== '') tell?.(text)
    }
  }
}

/**
 * Works in a place, which is released then. A failure is told by what became of the engine. What may well do at another try is asked for once
 * more: of an engine that had ended before it was asked, which on a busy machine is seen late, and of hosts that are not ours whatever
 * failed at one of them, since a router does not send so large a body twice.
 */
export async function inPlace<T>(
  acquire: () => Promise<SpeechEngineLease>,
  isLook: boolean,
  signal: AbortSignal,
  work: (baseUrl: string, requests: Requests) => Promise<T>,
  retriesBefore = 0,
): Promise<T> {
  const place = await acquire()
  try {
    return await work(place.baseUrl, requestsTo(place, isLook, retriesBefore))
  } catch (error) {
    if (signal.aborted || !(error instanceof QuantvoxError)) throw error
    const mayDo =
      error.code === 'engine_unavailable' || (error.code === 'engine_failed' && place.host !== null)
    if (retriesBefore > 0 || !mayDo) throw await place.explain(error)
  } finally {
    place.release()
  }
  return await inPlace(acquire, isLook, signal, work, 1)
}
