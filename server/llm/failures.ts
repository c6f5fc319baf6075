import { QuantvoxError } from '../errors.ts'
import { causeNamedIn } from '../processEnding.ts'
import { viaProxy } from '../proxies.ts'

/** `engine_failed`: something answers, and it is no Ollama. */
export function foreignProtocol(url: string): QuantvoxError {
  return new QuantvoxError(
    'engine_failed',
    `What answers at ${url}${viaProxy(url)} does not speak Ollama's protocol.`,
    {
      meaning: 'No question can be answered with it.',
      mend: 'Check OLLAMA_HOST.',
    },
  )
}

/** `engine_timeout`: the model is too slow or stuck. */
export function tooSlow(what: string): QuantvoxError {
  return new QuantvoxError('engine_timeout', `Ollama ${what}.`, {
    meaning: 'The model may be too large for this machine, or Ollama is busy with others.',
    mend: 'Try again, or choose a smaller model or quantization.',
  })
}

/** `engine_failed`: far more comes than was asked for. */
export function endless(url: string): QuantvoxError {
  return new QuantvoxError('engine_failed', `The reply of Ollama at ${url} did not end.`, {
    meaning:
      'What answers there does not keep to the limit of tokens that it is given, so its reply was cut.',
    mend: 'Ask again, or update Ollama.',
  })
}

/** What went wrong between us and Ollama, as an error with a code; ours pass as they are. */
export function asLlmError(error: unknown, url: string): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const reason = describe(error)
  if (error instanceof TypeError && error.message === 'fetch failed') {
    return new QuantvoxError(
      'engine_unavailable',
      `Ollama does not answer at ${url}${viaProxy(url)} (${reason}).`,
      {
        meaning: 'No question can be answered until it does.',
        mend: 'Start it with "ollama serve", or unset OLLAMA_HOST so that Quantvox runs its own.',
        cause: error,
      },
    )
  }
  return failedAtWork(`Ollama failed: ${reason}.`, error)
}

/** `at_capacity`: others had every place at the language model all that time. */
export function noPlaceWithin(ms: number): QuantvoxError {
  return new QuantvoxError('at_capacity', `The language model was busy with others for ${ms / 1000} s.`, {
    meaning: 'More is asked at once than this machine can answer.',
    mend: 'Try again in a moment, or choose a smaller model.',
    retryAfterSeconds: 10,
    recoverable: true,
  })
}

/** `at_capacity`: whoever answers has no place for it. */
export function crowded(message: string): QuantvoxError {
  return new QuantvoxError('at_capacity', message, {
    meaning: 'More is asked at once than the hosts of the language model take, or none of them is up.',
    mend: 'Try again in a moment; if it stays, add a host or start those that are down.',
    retryAfterSeconds: 2,
    recoverable: true,
  })
}

/** `engine_failed` with what Ollama's words mean, and the signal that ended the model's runner where it says it. */
export function failedAtWork(message: string, cause?: unknown): QuantvoxError {
  const known = troubles.find(({ words }) => words.test(message))
  return new QuantvoxError('engine_failed', message, {
    meaning: known?.meaning ?? 'This reply is lost; the next one may work.',
    mend: known
      ? 'Try again; if it stays, choose a smaller model or quantization (`npx quantvox doctor` says what is needed and what there is).'
      : "Try again; if it stays, look at Ollama's log.",
    ...causeNamedIn(message),
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Ollama's `llm/server.go`: before and at a load, before a request, and in the middle of a reply. */
const troubles = [
  {
    words: /requires more system memory/,
    meaning: 'The model does not fit into the memory that is free.',
  },
  {
    words: /timed out waiting for llama runner/,
    meaning: 'Loading the model hung, or this machine had no time or memory left for it.',
  },
  {
    words:
      /runner process (?:has terminated|no longer running)|running the model: (?:unexpected )?EOF|model (?:runner has unexpectedly stopped|failed to load)/,
    meaning: 'The process that runs the model died; most often that is for want of memory.',
  },
]

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`.replace(/\.$/, '')
}
