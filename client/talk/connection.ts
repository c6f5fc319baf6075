import type { ClientMessage } from '../../server/protocol/socketClient.ts'
import type { ServerMessage } from '../../server/protocol/socketServer.ts'
import { type Api, ApiError } from '../api.ts'

export type ConnectionState =
  | { name: 'closed' }
  | { name: 'connecting' }
  | { name: 'open' }
  /** Lost; tried again by itself then (milliseconds of `performance.now()`). */
  | { name: 'waiting'; untilMs: number; why: string }

export type ConnectionOptions = {
  api: Api
  hasToken(): boolean
  /** The socket is there: say `start`. */
  opened(): void
  message(message: ServerMessage): void
  audio(pcm: ArrayBuffer): void
  /** The socket is gone, and with it all its turns. */
  lost(): void
  changed(): void
}

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 15_000

/** The socket of a session, opened again with a growing delay whenever it is lost. */
export function createConnection(options: ConnectionOptions) {
  const { api } = options
  let state: ConnectionState = { name: 'closed' }
  let socket: WebSocket | null = null
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function become(next: ConnectionState): void {
    state = next
    options.changed()
  }

  async function connect(): Promise<void> {
    clearTimeout(timer)
    become({ name: 'connecting' })
    let url: string
    try {
      url = await address()
    } catch (error) {
      // Whoever has no valid token is asked for one, and opens again then.
      options.lost()
      if (error instanceof ApiError && error.code === 'unauthorized') become({ name: 'closed' })
      else wait(error instanceof ApiError ? error.message : 'The server does not answer.')
      return
    }
    const opening = new WebSocket(url)
    opening.binaryType = 'arraybuffer'
    socket = opening
    opening.onopen = () => {
      become({ name: 'open' })
      options.opened()
    }
    opening.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') options.message(JSON.parse(data) as ServerMessage)
      else options.audio(data)
    }
    // A socket that does not open says nothing but that; the same event follows in every case.
    opening.onclose = ({ code, wasClean }) => {
      if (socket !== opening) return
      socket = null
      options.lost()
      wait(wasClean && code === 1001 ? 'The server was stopped.' : 'The connection to the server is lost.')
    }
  }

  function wait(why: string): void {
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.75 + Math.random() / 2)
    failures++
    timer = setTimeout(() => void connect(), delayMs)
    become({ name: 'waiting', untilMs: performance.now() + delayMs, why })
  }

  /** Browsers cannot send the token with a socket; a ticket stands for it. */
  async function address(): Promise<string> {
    const url = new URL('/v1/voice', location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    if (options.hasToken()) {
      const { ticket } = await api.send<{ ticket: string }>('POST', '/v1/tickets')
      url.searchParams.set('ticket', ticket)
    }
    return url.href
  }

  return {
    open(): void {
      if (state.name === 'closed') void connect()
    },
    /** Tries at once where it would wait. */
    retry(): void {
      if (state.name === 'waiting') void connect()
    },
    /** Without a socket that is open, it is lost: whoever sends knows the state. */
    send(message: ClientMessage): void {
      if (state.name === 'open') socket?.send(JSON.stringify(message))
    },
    audio(pcm: ArrayBuffer): void {
      if (state.name === 'open') socket?.send(pcm)
    },
    /** The session works: the next loss is tried again at once. */
    settled(): void {
      failures = 0
    },
    state: (): ConnectionState => state,
  }
}
