import pino, { type Logger } from 'pino'
import Value from 'typebox/value'
import type { Config } from '../../server/config.ts'
import { type ErrorCode, errorTable, QuantvoxError } from '../../server/errors.ts'
import { type StartOptions, startServer } from '../../server/main.ts'
import { Problem } from '../../server/protocol/problem.ts'
import { createProgressView } from './progressView.ts'

/** A server that a command talks to: one that runs already, or one of its own for the length of the command. */
export type ServerForCommand = {
  /** A request with the token; a problem in the answer is thrown as the error that it is. */
  request(path: string, init: RequestInit): Promise<Response>
  stop(): Promise<void>
}

const ANSWER_WITHIN_MS = 1_000

/**
 * Uses the server at PUBLIC_URL if Quantvox answers there, else starts one on a free port and waits until it is warm.
 *
 * @param own how one of its own is started; it logs warnings and gets what is missing where nothing else is said
 */
export async function serverForCommand(
  config: Config,
  signal: AbortSignal,
  own: Pick<StartOptions, 'provision'> & { log?: Logger } = {},
): Promise<ServerForCommand> {
  if (await isQuantvox(config.PUBLIC_URL, signal)) {
    return { request: requester(config.PUBLIC_URL, config, signal), stop: async () => {} }
  }
  const view = createProgressView(process.stderr)
  const level = config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL
  const alone = {
    ...config,
    PORT: 0,
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://127.0.0.1:0',
    TLS_CERT: null,
    TLS_KEY: null,
  }
  const server = await startServer(alone, {
    log: pino({ level }, pino.destination(2)),
    ...own,
    report: (item, progress) => view.onProgress({ item, ...progress }),
  })
  try {
    signal.addEventListener('abort', () => void server.stop(), { once: true })
    await server.ready
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    view.done()
  }
  return { request: requester(server.url, config, signal), stop: server.stop }
}

async function isQuantvox(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/livez`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    const body: unknown = await answer.json()
    return (
      answer.ok && typeof body === 'object' && body !== null && 'status' in body && body.status === 'alive'
    )
  } catch {
    signal.throwIfAborted()
    return false
  }
}

function requester(url: string, config: Config, signal: AbortSignal): ServerForCommand['request'] {
  return async (path, init) => {
    const headers = new Headers(init.headers)
    if (config.AUTH_TOKEN !== null) headers.set('authorization', `Bearer ${config.AUTH_TOKEN}`)
    const answer = await fetch(`${url}${path}`, { ...init, headers, signal })
    if (answer.ok) return answer
    const problem: unknown = await answer.json().catch(() => null)
    if (!Value.Check(Problem, problem) || !(problem.code in errorTable)) {
      throw new QuantvoxError('engine_failed', `The server at ${url} answered ${answer.status}.`)
    }
    const { meaning, mend } = problem
    throw new QuantvoxError(problem.code as ErrorCode, problem.detail, {
      ...(meaning === undefined ? {} : { meaning }),
      ...(mend === undefined ? {} : { mend }),
    })
  }
}
