import { masked } from './credentials.ts'

/**
 * Every way a request, a turn or a socket can fail: its code, how it shows over HTTP and as a WebSocket close
 * code, and whether the client may go on. The table is public (contract: error codes).
 */
export const errorTable = {
  invalid_message: { http: 400, close: null, recoverable: true },
  invalid_request: { http: 400, close: null, recoverable: true },
  invalid_state: { http: 409, close: null, recoverable: true },
  audio_invalid: { http: 400, close: null, recoverable: true },
  unsupported_media_type: { http: 415, close: 1003, recoverable: false },
  too_large: { http: 413, close: 1009, recoverable: false },
  audio_too_fast: { http: 429, close: 1008, recoverable: false },
  rate_limited: { http: 429, close: 1008, recoverable: false },
  unauthorized: { http: 401, close: null, recoverable: false },
  forbidden_origin: { http: 403, close: null, recoverable: false },
  model_not_found: { http: 404, close: null, recoverable: true },
  model_loading: { http: 503, close: null, recoverable: true },
  engine_unavailable: { http: 503, close: null, recoverable: true },
  engine_failed: { http: 502, close: null, recoverable: true },
  engine_timeout: { http: 504, close: null, recoverable: true },
  empty_reply: { http: 200, close: null, recoverable: true },
  // Told in the turn, to the model; no request fails by it.
  tool_failed: { http: 502, close: null, recoverable: true },
  remote_model_refused: { http: 403, close: null, recoverable: true },
  licence_not_accepted: { http: 403, close: null, recoverable: true },
  context_exceeded: { http: 422, close: null, recoverable: true },
  not_found: { http: 404, close: null, recoverable: true },
  at_capacity: { http: 503, close: 1013, recoverable: false },
  // Told of work of another server; no request fails by it.
  replica_lost: { http: 503, close: null, recoverable: true },
  record_unavailable: { http: 503, close: null, recoverable: true },
  shutting_down: { http: 503, close: 1001, recoverable: false },
  internal: { http: 500, close: 1011, recoverable: false },
} as const

export type ErrorCode = keyof typeof errorTable

type Explanation = {
  /** What it means for the user, one sentence. */
  meaning?: string | undefined
  /** What mends it, one sentence; a command where there is one. */
  mend?: string | undefined
  /** The field of the request that is wrong, where it is one. */
  param?: string | undefined
  /** Sent as `Retry-After`, seconds. */
  retryAfterSeconds?: number
  /** Where the client may go on although others with this code end its session. */
  recoverable?: true
  cause?: unknown
}

/** An expected failure. `message` says what happened, one sentence; the rest says what to make of it; none says credentials. */
export class QuantvoxError extends Error {
  readonly code: ErrorCode
  readonly meaning: string | undefined
  readonly mend: string | undefined
  readonly param: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly recoverable: boolean

  constructor(code: ErrorCode, message: string, explanation: Explanation = {}) {
    super(masked(message), explanation.cause === undefined ? undefined : { cause: explanation.cause })
    this.name = 'QuantvoxError'
    this.code = code
    this.meaning = explanation.meaning && masked(explanation.meaning)
    this.mend = explanation.mend && masked(explanation.mend)
    this.param = explanation.param
    this.retryAfterSeconds = explanation.retryAfterSeconds
    this.recoverable = explanation.recoverable ?? errorTable[code].recoverable
  }

  /** What happened, what it means and what mends it, as one line for a terminal or a log. */
  get line(): string {
    return [this.message, this.meaning, this.mend].filter(part => part !== undefined).join(' ')
  }
}

/** True for the rejection that an `AbortSignal` of ours caused, in any of the shapes that Node gives it. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  return (
    error === signal.reason || (error instanceof Error && /abort/i.test(`${error.name} ${error.message}`))
  )
}

/** Any thrown thing as a `QuantvoxError`; what we did not foresee is `internal` and keeps its cause. */
export function toQuantvoxError(error: unknown): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  return new QuantvoxError('internal', 'The server made an error that it did not foresee.', {
    meaning: 'This request failed; others are not affected.',
    mend: 'Look for the error in the server log and report it.',
    cause: error,
  })
}
