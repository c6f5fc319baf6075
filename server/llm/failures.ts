import { QuantvoxError } from '../errors.ts'
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
  return new QuantvoxError('engine_failed', `Ollama failed: ${reason}.`, {
    meaning: 'This reply is lost; the next one may work.',
    mend: "Try again; if it stays, look at Ollama's log.",
    cause: error,
  })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`.replace(/\.$/, '')
}
