import type { Problem } from '../server/protocol/problem.ts'
import { type StreamedEvent, streamedEvents } from '../server/shared/eventStream.ts'

/** What a request failed with: a problem of the server, or no answer at all (`code` is then `unreachable`). */
export class ApiError extends Error {
  readonly code: string
  /** What it means, where the server says so. */
  readonly meaning: string | undefined
  /** What mends it, where the server says so. */
  readonly mend: string | undefined
  /** Of the answer; null where there was none. */
  readonly status: number | null

  constructor(code: string, detail: string, meaning?: string, mend?: string, status: number | null = null) {
    super(detail)
    this.name = 'ApiError'
    this.code = code
    this.meaning = meaning
    this.mend = mend
    this.status = status
  }
}

/** Routes are told from the root of the server, which need not be that of its host. */
export const addressOf = (path: string): string => new URL(path.replace(/^\//, ''), document.baseURI).href

export type EventsRequest = { method?: 'GET' | 'POST'; body?: unknown; signal?: AbortSignal }

/** The server's public routes, with the token. Every failure is an `ApiError`, an abort is an `AbortError`. */
export type Api = {
  get<T>(path: string, signal?: AbortSignal): Promise<T>
  /** With a JSON body; an empty answer is `undefined`. */
  send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<T>
  /** Server-sent events of one request, until the server ends them or `signal` does. */
  events(path: string, request?: EventsRequest): AsyncIterable<StreamedEvent>
  /** The body as it is, for downloads: a link cannot carry the token. */
  blob(path: string, signal?: AbortSignal): Promise<Blob>
}

export type ApiOptions = {
  token(): string | null
  /** The server wants a token, or another one. */
  unauthorized(): void
  /** It does not answer. */
  unreachable(): void
}

export function createApi({ token, unauthorized, unreachable }: ApiOptions): Api {
  async function request(path: string, init: RequestInit & { accept: string }): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('accept', init.accept)
    const known = token()
    if (known !== null) headers.set('authorization', `Bearer ${known}`)
    const address = addressOf(path)
    let response: Response
    try {
      response = await fetch(address, { ...init, headers })
    } catch (error) {
      init.signal?.throwIfAborted()
      unreachable()
      throw new ApiError('unreachable', 'The server does not answer.', String(error), 'Is it running?')
    }
    if (response.ok) return response
    if (response.status === 401) unauthorized()
    throw await problemIn(response)
  }

  return {
    async get(path, signal) {
      const response = await request(path, { accept: 'application/json', ...given(signal) })
      return await response.json()
    },
    async send(method, path, body, signal) {
      const content = body === undefined ? {} : bodyOf(body)
      const response = await request(path, {
        method,
        accept: 'application/json',
        ...content,
        ...given(signal),
      })
      const text = await response.text()
      return text === '' ? undefined : JSON.parse(text)
    },
    async *events(path, { method = 'GET', body, signal } = {}) {
      const content = body === undefined ? {} : bodyOf(body)
      const response = await request(path, {
        method,
        accept: 'text/event-stream',
        ...content,
        ...given(signal),
      })
      if (response.body !== null) yield* streamedEvents(response.body)
    },
    async blob(path, signal) {
      const response = await request(path, { accept: '*/*', ...given(signal) })
      return await response.blob()
    },
  }
}

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

/** A form goes as it is, anything else as JSON. */
function bodyOf(body: unknown): RequestInit {
  if (body instanceof FormData) return { body }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

async function problemIn(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null
  const { code = 'internal', detail = `The server answered ${response.status}.` } = problem ?? {}
  return new ApiError(code, detail, problem?.meaning, problem?.mend, response.status)
}
