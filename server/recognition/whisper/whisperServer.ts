import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { encodeWav } from '../../audio/encodeWav.ts'
import { authorizationFor } from '../../credentials.ts'
import { isAbort, QuantvoxError } from '../../errors.ts'

const MAX_ANSWER_BYTES = 8 * 2 ** 20

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
  /** Language code, or `auto`, which costs one more encoding. */
  language: string
  /** The whole request, waiting for another one in the server included. */
  timeoutMs: number
}

/**
 * One greedy decoding by a whisper-server (whisper.cpp 1.7 or later). Every parameter goes with every request,
 * because older servers keep those of the request before. Temperature fallback is off: what to decode again, and how,
 * is decided here. An abort closes the connection, and that stops the server's work. Each request has a connection of
 * its own: the server closes idle ones, and a request that meets a closing one would fail for no reason.
 *
 * @throws QuantvoxError `engine_unavailable` (no connection), `engine_failed` (broken off, an error status or an answer that
 * is none), `engine_timeout`; the signal's reason when aborted
 */
export async function requestWhisper(
  baseUrl: string,
  request: WhisperRequest,
  signal: AbortSignal,
): Promise<WhisperAnswer> {
  signal.throwIfAborted()
  const timeout = AbortSignal.timeout(request.timeoutMs)
  try {
    const { status, body } = await post(
      new URL('inference', baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`),
      await multipart(request),
      AbortSignal.any([signal, timeout]),
    )
    if (status !== 200) {
      throw failed(
        `The speech engine answered with status ${status}: ${body.toString('utf8').trim().slice(0, 200)}`,
      )
    }
    return checkedAnswer(body)
  } catch (error) {
    if (isAbort(error, signal)) throw signal.reason
    if (timeout.aborted) {
      throw new QuantvoxError(
        'engine_timeout',
        `The speech engine took longer than ${request.timeoutMs / 1000} s.`,
        {
          meaning: 'It hung, or this machine is too slow for this model.',
          mend: 'Try again, or take a smaller speech model.',
        },
      )
    }
    throw error
  }
}

async function multipart({
  samples,
  audioContext,
  timestamps,
  notes = false,
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
    prompt: '',
    carry_initial_prompt: false,
    max_context: 0,
    max_len: 0,
    split_on_word: false,
    word_thold: 0.01,
    offset_t: 0,
    offset_n: 0,
    duration: 0,
    translate: false,
    diarize: false,
    tinydiarize: false,
    debug_mode: false,
    vad: false,
  }
  for (const [name, value] of Object.entries(parameters)) form.set(name, String(value))
  return new Response(form)
}

async function post(
  url: URL,
  form: Response,
  signal: AbortSignal,
): Promise<{ status: number; body: Buffer }> {
  const bytes = Buffer.from(await form.arrayBuffer())
  const type = form.headers.get('content-type')
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>()
  let connected = false
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    agent: false,
    signal,
    headers: { ...authorizationFor(url), 'content-type': type ?? '', 'content-length': bytes.length },
  })
  request.on('socket', socket => {
    socket.setNoDelay(true)
    socket.once('connect', () => {
      connected = true
    })
  })
  const fail = (error: Error) => {
    if (signal.aborted) reject(signal.reason)
    else
      reject(
        connected
          ? failed('The speech engine broke off in the middle of a request.', error)
          : unreachable(url, error),
      )
  }
  request.once('error', fail)
  request.once('response', response => {
    const parts: Buffer[] = []
    let length = 0
    response.on('data', (part: Buffer) => {
      length += part.length
      if (length > MAX_ANSWER_BYTES) {
        reject(failed('The answer of the speech engine is too large to be one.'))
        request.destroy()
      } else parts.push(part)
    })
    response.once('error', fail)
    response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }))
  })
  request.end(bytes)
  return promise
}

function checkedAnswer(body: Buffer): WhisperAnswer {
  let answer: unknown
  try {
    answer = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw failed('The answer of the speech engine is not JSON.', cause)
  }
  if (!Check(WhisperAnswer, answer)) throw failed('The answer of the speech engine is not a transcription.')
  return answer
}

function failed(message: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('engine_failed', message, {
    mend: 'Try again; the server log has what the engine said.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function unreachable(url: URL, cause: Error): QuantvoxError {
  return new QuantvoxError('engine_unavailable', `The speech engine at ${url.origin} cannot be reached.`, {
    mend: 'Try again in a moment; if it was set by SPEECH_URL, see that it runs.',
    cause,
  })
}
