import Value from 'typebox/value'
import { type ErrorCode, errorTable, QuantvoxError } from '../../server/errors.ts'
import { Problem } from '../../server/protocol/problem.ts'

export type ServerRequest = (path: string, init?: RequestInit) => Promise<Response>

/**
 * Requests of the server at `baseUrl`, with its token; a problem in the answer is thrown as the error that it is.
 * @throws also `engine_unavailable` for no answer, `engine_failed` for a refusal by another program, the signal's reason
 */
export function serverRequest(
  baseUrl: string,
  token: string | null,
  signal: AbortSignal | undefined,
): ServerRequest {
  return async (path, init) => {
    const headers = new Headers(init?.headers)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    const answer = await fetch(new URL(path.replace(/^\//, ''), `${baseUrl}/`), {
      ...init,
      headers,
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      signal?.throwIfAborted()
      throw new QuantvoxError('engine_unavailable', `The server at ${baseUrl} did not answer.`, {
        mend: 'Look at its output, or stop it: commands do without it, too.',
        cause: error,
      })
    })
    if (answer.ok) return answer
    const problem: unknown = await answer.json().catch(() => null)
    if (Value.Check(Problem, problem)) throw toldError({ ...problem, message: problem.detail })
    throw new QuantvoxError('engine_failed', `${baseUrl} answered with status ${answer.status}.`, {
      mend: 'Make sure that HOST and PORT are those of a Quantvox server.',
    })
  }
}

/** An error that a server told, as it was there; `internal` where this version does not know its code. */
export function toldError(told: {
  code: string
  message: string
  meaning?: string | undefined
  mend?: string | undefined
}): QuantvoxError {
  const { code, message, meaning, mend } = told
  return new QuantvoxError(isKnown(code) ? code : 'internal', message, { meaning, mend })
}

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code)
