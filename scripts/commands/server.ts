import pino, { type Logger } from 'pino'
import type { Config } from '../../server/config.ts'
import { masked } from '../../server/credentials.ts'
import { type StartOptions, startServer } from '../../server/main.ts'
import { createProgressView } from './progressView.ts'
import { type ServerRequest, serverRequest } from './serverRequest.ts'

/** A server that a command talks to: one that runs already, or one of its own for the length of the command. */
export type ServerForCommand = {
  request: ServerRequest
  stop(): Promise<void>
}

const ANSWER_WITHIN_MS = 1_000

/**
 * Uses the server at PUBLIC_URL if Quantvox answers there, else starts one on a free port and waits until it is warm.
 *
 * @param needs what has to be warm: a typed question goes without speech
 * @param own how one of its own is started; it logs warnings and gets what is missing where nothing else is said
 */
export async function serverForCommand(
  config: Config,
  signal: AbortSignal,
  own: Pick<StartOptions, 'provision'> & { log?: Logger } = {},
  needs: 'ready' | 'readyForText' = 'ready',
): Promise<ServerForCommand> {
  if (await isQuantvox(config.PUBLIC_URL, signal)) {
    return { request: serverRequest(config.PUBLIC_URL, config.AUTH_TOKEN, signal), stop: async () => {} }
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
    log: pino({ level, hooks: { streamWrite: masked } }, pino.destination(2)),
    ...own,
    report: (item, progress) => view.onProgress({ item, ...progress }),
  })
  try {
    signal.addEventListener('abort', () => void server.stop(), { once: true })
    await server[needs]
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    view.done()
  }
  return { request: serverRequest(server.url, config.AUTH_TOKEN, signal), stop: server.stop }
}

/** Whether Quantvox answers there. */
export async function isQuantvox(url: string, signal: AbortSignal): Promise<boolean> {
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
