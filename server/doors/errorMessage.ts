import type { QuantvoxError } from '../errors.ts'
import type { ErrorMessage } from '../protocol/messages.ts'

/** An error as the message that sockets and SSE send; `about` names the turn or the request that it belongs to. */
export function errorMessage(
  error: QuantvoxError,
  about: { turnId?: string; requestId?: string } = {},
): ErrorMessage {
  const { code, message, recoverable, meaning, mend } = error
  return {
    type: 'error',
    code,
    message,
    recoverable,
    ...(meaning === undefined ? {} : { meaning }),
    ...(mend === undefined ? {} : { mend }),
    ...about,
  }
}
