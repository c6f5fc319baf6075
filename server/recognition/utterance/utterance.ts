import { durationMs } from '../../audio/pcm.ts'
import type { Speech } from '../../audio/utterance.ts'
import { isMoonshine } from '../../engineLease.ts'
import type { Recognition, RecognitionOptions, Transcript } from '../recognizer.ts'
import { besideSearch, DECODE_AT_ONCE_MS } from './besideSearch.ts'
import type { Clip, Decoded, DecodeOptions } from './decoding.ts'
import { createEarlyDecode } from './earlyDecode.ts'
import { createGrowingAudio } from './growingAudio.ts'
import type { PartialDecoding } from './partialDecoding.ts'
import { createPartialLooks, type PartialLooks } from './partialLooks.ts'
import { withSilentTail } from './silentTail.ts'

/** Recognizes one utterance while it comes: partial looks, an early decoding at each pause, the final one. */
export function openUtterance(decoding: PartialDecoding, options: RecognitionOptions): Recognition {
  const { language, owner, isDoubted = false, prompt, translates, onStretch } = options
  const model = Promise.resolve(options.model)
  // Whoever finishes is told; before that there is nobody to tell.
  model.catch(() => {})
  const audio = createGrowingAudio()
  const draft: { tokens: readonly number[] } = { tokens: [] }
  const cancelled = new AbortController()
  let looks: PartialLooks | null = null
  let pausing = false
  let closed = false

  async function decode(
    clip: Clip,
    signal: AbortSignal,
    told: Pick<DecodeOptions, 'onAsked' | 'onDoubted' | 'onStretch'> = {},
  ) {
    const decodeOptions = {
      model: await model,
      language,
      owner,
      isDoubted,
      prompt,
      translates,
      draft,
      ...told,
    }
    signal.throwIfAborted()
    return await decoding.full(clip, decodeOptions, signal)
  }

  const early = createEarlyDecode(async (speech, signal, onDoubted) => {
    const samples = withSilentTail(audio.all(), speech)
    return transcriptOf(await decode({ samples, speech }, signal, { onDoubted }), speech)
  })

  function close(): void {
    closed = true
    looks?.stop()
  }

  return {
    push(samples) {
      if (closed) return
      audio.push(samples)
      if (!pausing) looks?.grew(audio.all())
    },
    paused(speech, heard) {
      if (closed || speech.segments.length === 0) return
      pausing = true
      early.start(speech, heard)
    },
    resumed() {
      if (closed) return
      pausing = false
      early.discard()
    },
    textAtPause: early.text,
    partials(listener) {
      if (closed) return
      looks = createPartialLooks(async (clip, signal) => {
        const lookOptions = { model: await model, language, owner, draft, isLook: true }
        return await decoding.partial(clip, lookOptions, signal)
      }, listener)
    },
    async finish(speech, until) {
      close()
      const signal = AbortSignal.any([until, cancelled.signal])
      if (typeof speech !== 'function' && speech.segments.length > 0)
        return await early.finish(speech, signal)
      early.discard()
      signal.throwIfAborted()
      if (typeof speech !== 'function') return nothingSaid()
      const decodeClip: Decode = (clip, by, told) => decode(clip, by, { onStretch, ...told })
      return await wholeClip(audio.all(), speech, decodeClip, !isMoonshine(await model), signal)
    },
    cancel() {
      close()
      cancelled.abort(new Error('the recognition was cancelled'))
      early.discard()
    },
  }
}

type Decode = (clip: Clip, signal: AbortSignal, told?: Pick<DecodeOptions, 'onAsked'>) => Promise<Decoded>

/** A clip that nobody has listened to yet. */
async function wholeClip(
  samples: Int16Array,
  find: () => Promise<Speech>,
  decode: Decode,
  /** The engine's work does not grow with the silence around the speech. */
  hasFixedWindow: boolean,
  signal: AbortSignal,
): Promise<Transcript> {
  const clipMs = durationMs(samples.length)
  if (hasFixedWindow && clipMs <= DECODE_AT_ONCE_MS) {
    const everything = { segments: [{ startMs: 0, endMs: clipMs }], speechMs: clipMs }
    const decodeAll = (onAsked: () => void, until: AbortSignal) =>
      decode({ samples, speech: everything }, until, { onAsked })
    const { speech, decoded } = await besideSearch(find, decodeAll, signal)
    return decoded === null ? nothingSaid() : transcriptOf(decoded, speech)
  }
  const speech = await find()
  if (speech.segments.length === 0) return nothingSaid()
  return transcriptOf(await decode({ samples, speech }, signal), speech)
}

function transcriptOf({ isSaid, ...decoded }: Decoded, { speechMs }: Speech): Transcript {
  const words = isSaid(speechMs) ? {} : { text: '', firstText: null, segments: [] }
  return { ...decoded, ...words, speechMs, earlyDecode: null, readyAtMs: performance.now() }
}

function nothingSaid(): Transcript {
  return {
    ...{ text: '', firstText: null, isUnclear: false, segments: [] },
    ...{ passes: 0, audioContext: null, audioMs: 0, speechMs: 0 },
    ...{ inferenceMs: 0, queueMs: 0, cold: false, loadMs: null, engine: '' },
    ...{ host: null, retries: null },
    ...{ language: null, earlyDecode: null, readyAtMs: performance.now() },
    ...{ meanLogProbability: null, noSpeechProbability: null },
  }
}
