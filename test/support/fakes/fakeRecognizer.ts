import { sleep } from '../../../server/abort.ts'
import { durationMs } from '../../../server/audio/pcm.ts'
import type { Speech } from '../../../server/audio/utterance.ts'
import type {
  PartialText,
  Recognition,
  RecognitionOptions,
  Recognizer,
  Transcript,
} from '../../../server/recognition/recognizer.ts'
import { createEarlyDecode } from '../../../server/recognition/utterance/earlyDecode.ts'
import { createPartialText } from '../../../server/recognition/utterance/partialText.ts'

export type RecognizerScript = {
  transcript: string
  /** It may be no words. */
  isUnclear: boolean
  language: string
  recognizeMs: number
  recognizeError: Error | null
}

/** Runs a decoding, and may note that it began and how it ended. */
export type Noted = <T>(name: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>

const PARTIAL_STEP_MS = 500

/** A recognizer that hears what `script` says, whatever it is given: at a pause, at the end, and in between. */
export function createFakeRecognizer(script: RecognizerScript, noted: Noted): Recognizer {
  return {
    capabilities: { partials: true, earlyDecode: true },
    open: options => open(options, script, noted),
    async load(_model, _owner, signal) {
      signal.throwIfAborted()
      return { loadMs: null }
    },
  }
}

function open(options: RecognitionOptions, script: RecognizerScript, noted: Noted): Recognition {
  const model = Promise.resolve(options.model)
  model.catch(() => {})
  const over = new AbortController()
  const words = createPartialText()
  let heardMs = 0
  let newFromMs: number | null = null
  let tell: ((partial: PartialText) => void) | null = null
  let look: AbortController | null = null
  let pausing = false

  const decode = async (signal: AbortSignal) => {
    const { name } = await model
    signal.throwIfAborted()
    return await noted(`recognize ${name}`, signal, async () => {
      await sleep(script.recognizeMs, signal).catch(() => signal.throwIfAborted())
      if (script.recognizeError) throw script.recognizeError
      return script.transcript
    })
  }

  async function whole(speech: Speech, signal: AbortSignal): Promise<Transcript> {
    look?.abort(new Error('a whole decoding comes first'))
    const { language, isUnclear } = script
    const figures = {
      language,
      isUnclear,
      inferenceMs: script.recognizeMs,
      passes: 1,
      audioContext: 768,
      engine: 'fake',
    }
    return transcript(await decode(signal), { ...figures, audioMs: heardMs, speechMs: speech.speechMs })
  }

  async function lookNow(): Promise<void> {
    look = new AbortController()
    const { signal } = look
    try {
      const text = await decode(signal)
      if (!over.signal.aborted && tell !== null)
        tell({ ...words.decoded(text), firstText: null, isUnclear: script.isUnclear })
    } catch {
      // The decoding that counts fails, too.
    } finally {
      look = null
    }
  }

  const early = createEarlyDecode(whole)
  const close = (why: string) => {
    look?.abort(new Error(why))
    look = null
    tell = null
  }

  return {
    push(samples) {
      heardMs += durationMs(samples.length)
      newFromMs ??= heardMs
      if (tell === null || look !== null || pausing || heardMs - newFromMs < PARTIAL_STEP_MS) return
      newFromMs = heardMs
      void lookNow()
    },
    paused(speech, heard) {
      if (over.signal.aborted) return
      pausing = true
      early.start(speech, heard)
    },
    resumed() {
      pausing = false
      early.discard()
    },
    textAtPause: early.text,
    partials(listener) {
      tell = listener
    },
    async finish(speech, until) {
      close('the final transcript comes first')
      const signal = AbortSignal.any([until, over.signal])
      if (typeof speech !== 'function' && speech.segments.length > 0)
        return await early.finish(speech, signal)
      early.discard()
      signal.throwIfAborted()
      if (typeof speech !== 'function') return transcript('', {})
      const nothingSaid = new AbortController()
      const decoding = whole(
        { segments: [], speechMs: heardMs },
        AbortSignal.any([signal, nothingSaid.signal]),
      )
      decoding.catch(() => {})
      const { segments, speechMs } = await speech().catch(error => {
        nothingSaid.abort(error)
        throw error
      })
      if (segments.length > 0) return { ...(await decoding), speechMs }
      nothingSaid.abort(new Error('nothing was said'))
      return transcript('', {})
    },
    cancel() {
      close('cancelled')
      over.abort(new Error('the recognition was cancelled'))
      early.discard()
    },
  }
}

function transcript(text: string, figures: Partial<Transcript>): Transcript {
  return {
    ...{
      text,
      firstText: null,
      isUnclear: false,
      segments: [],
      inferenceMs: 0,
      queueMs: 0,
      passes: 0,
      audioContext: null,
      audioMs: 0,
    },
    ...{ meanLogProbability: null, noSpeechProbability: null },
    ...{ speechMs: 0, cold: false, loadMs: null, engine: '', language: 'en', earlyDecode: null },
    ...{ host: null, retries: null },
    ...{ readyAtMs: performance.now(), ...figures },
  }
}
