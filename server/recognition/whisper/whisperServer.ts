import Type, { type Static } from 'typebox'
import { encodeWav } from '../../audio/encodeWav.ts'
import type { Routing } from '../../shared/routed.ts'
import { askEngine } from '../engineRequest.ts'

/** The parts of whisper-server's `verbose_json` that we read; NaN comes as null. */
export const WhisperAnswer = Type.Object({
  text: Type.String(),
  /** By its English name. */
  language: Type.Optional(Type.String()),
  segments: Type.Array(
    Type.Object({
      text: Type.String(),
      start: Type.Optional(Type.Number()),
      end: Type.Optional(Type.Number()),
      tokens: Type.Optional(Type.Array(Type.Integer())),
      words: Type.Optional(
        Type.Array(Type.Object({ probability: Type.Union([Type.Number(), Type.Null()]) })),
      ),
      no_speech_prob: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    }),
  ),
})
export type WhisperAnswer = Static<typeof WhisperAnswer>

export type WhisperRequest = {
  samples: Int16Array
  /** Encoder window in steps of 20 ms; 0 or 1500 is the full 30 s. */
  audioContext: number
  /**
   * Without timestamps one decoding covers the window, while with them the rest after the last one is decoded again; but only
   * with them is `no_speech_prob` right (the server reads it at the last token of the prompt, which must be start of transcript).
   */
  timestamps: boolean
  /** Whether what is no speech may be noted, in brackets, in place of words. */
  notes?: boolean
  /** Text before what is said; the model sees its last 224 tokens at most. */
  prompt?: string | undefined
  /** Into English. */
  translates?: boolean | undefined
  /** Language code, or `auto`, which costs one more encoding. */
  language: string
  /** The whole request, waiting for another one in the server included. */
  timeoutMs: number
}

/**
 * One greedy decoding by a whisper-server (whisper.cpp 1.7 or later). Every parameter goes with every request,
 * because older servers keep those of the request before. Temperature fallback is off: what to decode again, and how,
 * is decided here.
 *
 * @throws what `askEngine` throws
 */
export async function requestWhisper(
  baseUrl: string,
  request: WhisperRequest,
  signal: AbortSignal,
  routing?: Routing,
): Promise<WhisperAnswer> {
  const url = new URL('inference', baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`)
  return await askEngine(url, () => multipart(request), WhisperAnswer, request.timeoutMs, signal, routing)
}

/** Half of Whisper's text window. */
const MAX_PROMPT_TOKENS = 224

async function multipart({
  samples,
  audioContext,
  timestamps,
  notes = false,
  prompt = '',
  translates = false,
  language,
}: WhisperRequest): Promise<Response> {
  const form = new FormData()
  form.set('file', new Blob([encodeWav(samples)], { type: 'audio/wav' }), 'speech.wav')
  const parameters = {
    response_format: 'verbose_json',
    language,
    detect_language: false,
    audio_ctx: audioContext,
    temperature: 0,
    temperature_inc: 0,
    // Greedy: 1 candidate, no beam.
    best_of: 1,
    beam_size: -1,
    // Our own judgement comes later, so none of these may drop or repeat anything.
    no_speech_thold: 1,
    logprob_thold: -1e6,
    entropy_thold: 0,
    suppress_nst: !notes,
    no_timestamps: !timestamps,
    token_timestamps: false,
    // Costs another encoding where it is false.
    no_language_probabilities: true,
    prompt,
    carry_initial_prompt: false,
    // Of what was said before nothing counts, but the prompt is part of it.
    max_context: prompt === '' ? 0 : MAX_PROMPT_TOKENS,
    max_len: 0,
    split_on_word: false,
    word_thold: 0.01,
    offset_t: 0,
    offset_n: 0,
    duration: 0,
    translate: translates,
    diarize: false,
    tinydiarize: false,
    debug_mode: false,
    vad: false,
  }
  for (const [name, value] of Object.entries(parameters)) form.set(name, String(value))
  return new Response(form)
}
