import { Ollama } from 'ollama'
import { QuantvoxError } from '../errors.ts'

/** How long Ollama may take to send headers: it sends them with the first token, so this covers a cold load. */
const HEADERS_TIMEOUT_MS = 180_000

/**
 * A client for one turn. Its `fetch` adds the turn's signal, because the client's own `abort()` ends every stream of
 * the object and can do nothing before headers arrive. Bad statuses become errors here: the client would print them.
 */
export function clientFor(url: string, signal: AbortSignal): Ollama {
  return new Ollama({
    host: url,
    fetch: async (input, init) => {
      const patience = new AbortController()
      const timer = setTimeout(() => patience.abort(), HEADERS_TIMEOUT_MS)
      const signals = [signal, patience.signal, ...(init?.signal ? [init.signal] : [])]
      try {
        const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
        if (!response.ok) throw await statusError(response, url)
        return response
      } catch (error) {
        signal.throwIfAborted()
        if (patience.signal.aborted) throw tooSlow(`did not answer within ${HEADERS_TIMEOUT_MS / 1000} s`)
        throw asLlmError(error, url)
      } finally {
        clearTimeout(timer)
      }
    },
  })
}

/** `engine_timeout`: the model is too slow or stuck. */
export function tooSlow(what: string): QuantvoxError {
  return new QuantvoxError('engine_timeout', `Ollama ${what}.`, {
    meaning: 'The model may be too large for this machine, or Ollama is busy with others.',
    mend: 'Try again, or choose a smaller model or quantization.',
  })
}

/** What went wrong between us and Ollama, as an error with a code; ours pass as they are. */
export function asLlmError(error: unknown, url: string): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  const reason = describe(error)
  if (error instanceof TypeError && error.message === 'fetch failed') {
    return new QuantvoxError('engine_unavailable', `Ollama does not answer at ${url} (${reason}).`, {
      meaning: 'No question can be answered until it does.',
      mend: 'Start it with "ollama serve", or unset OLLAMA_HOST so that Quantvox runs its own.',
      cause: error,
    })
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

async function statusError(response: Response, url: string): Promise<QuantvoxError> {
  const body = (await response.text()).slice(0, 500)
  const said = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body.trim()
  if (response.status === 404 && /model/i.test(said)) {
    return new QuantvoxError('model_not_found', `Ollama has no such model (${said}).`)
  }
  return new QuantvoxError(
    'engine_failed',
    `Ollama at ${url} answered ${response.status}: ${said || 'nothing'}.`,
    {
      meaning: 'This reply is lost; the next one may work.',
      mend: "Try again; if it stays, look at Ollama's log.",
    },
  )
}
