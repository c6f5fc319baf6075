import type { ClientMessage } from '../../server/protocol/socketClient.ts'
import type { ServerMessage } from '../../server/protocol/socketServer.ts'
import { type Api, ApiError, addressOf } from '../api.ts'
import { BEAT_MS, beat, firstBeat } from './heartbeat.ts'

export type ConnectionState =
  | { name: 'closed' }
  | { name: 'connecting' }
  | { name: 'open' }
  /** Lost; tried again by itself then (milliseconds of `performance.now()`), or just now. */
  | { name: 'waiting' | 'retrying'; untilMs: number; why: string }

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

/** So much audio may wait for the network; more would only come too late. */
const MOST_WAITING_SECONDS = 2
const BYTES_PER_SAMPLE = 2

const PATH = '/v1/voice'
/** One may have had another cause: a server that started just then. */
const REFUSALS_THAT_TELL = 2
/** What the server answers to a plain request for what is a socket. */
const UPGRADE_REQUIRED = 426
/** A network that takes everything and gives nothing is no answer. */
const ANSWER_WITHIN_MS = 10_000
const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 15_000

/** The socket of a session, opened again with a growing delay whenever it is lost, or says nothing any more. */
export function createConnection(options: ConnectionOptions) {
  const { api } = options
  let state: ConnectionState = { name: 'closed' }
  let socket: WebSocket | null = null
  let failures = 0
  /** Of them those in a row in which a socket was refused that the server would have taken. */
  let refusals = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let heart = firstBeat(performance.now())
  let hasHeard = false

  function become(next: ConnectionState): void {
    state = next
    options.changed()
  }

  async function connect(): Promise<void> {
    clearTimeout(timer)
    become(state.name === 'waiting' ? { ...state, name: 'retrying' } : { name: 'connecting' })
    let url: string
    try {
      url = await address()
    } catch (error) {
      // Whoever has no valid token is asked for one, and opens again then.
      if (error instanceof ApiError && error.code === 'unauthorized') become({ name: 'closed' })
      else wait(error instanceof ApiError ? error.message : 'The server does not answer.')
      return
    }
    listen(new WebSocket(url))
  }

  function listen(opening: WebSocket): void {
    let hasOpened = false
    opening.binaryType = 'arraybuffer'
    socket = opening
    heart = firstBeat(performance.now())
    opening.onopen = () => {
      hasOpened = true
      refusals = 0
      heart = firstBeat(performance.now())
      become({ name: 'open' })
      options.opened()
    }
    opening.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      hasHeard = true
      if (typeof data !== 'string') return options.audio(data)
      const message = JSON.parse(data) as ServerMessage
      if (message.type !== 'pong') options.message(message)
    }
    // A socket that does not open says nothing but that; the same event follows in every case.
    opening.onclose = ({ code, wasClean }) => {
      if (socket !== opening) return
      socket = null
      if (!hasOpened) return void askWhy()
      options.lost()
      wait(wasClean && code === 1001 ? 'The server was stopped.' : 'The connection to the server is lost.')
    }
  }

  /** Why a socket was refused: asked over HTTP, the server says what it would say to a socket. */
  async function askWhy(): Promise<void> {
    const answer = await api.get(PATH, AbortSignal.timeout(ANSWER_WITHIN_MS)).then(
      () => null,
      (error: unknown) => error,
    )
    const isUpgrade = answer instanceof ApiError && answer.status === UPGRADE_REQUIRED
    refusals = isUpgrade ? refusals + 1 : 0
    if (answer instanceof ApiError && answer.code === 'unauthorized') return become({ name: 'closed' })
    if (isBlocked()) wait('The server answers, but a proxy in between does not pass WebSockets on.')
    else
      wait(
        answer instanceof ApiError && !isUpgrade ? answer.message : 'The connection to the server is lost.',
      )
  }

  const isBlocked = () => refusals >= REFUSALS_THAT_TELL

  function wait(why: string): void {
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.75 + Math.random() / 2)
    failures++
    timer = setTimeout(() => void connect(), delayMs)
    become({ name: 'waiting', untilMs: performance.now() + delayMs, why })
  }

  /** A connection that is dead says nothing, not even that: it is left, as its own end may take minutes. */
  function leave(dead: WebSocket): void {
    socket = null
    dead.onopen = null
    dead.onmessage = null
    dead.onclose = null
    dead.close()
    if (state.name === 'open') options.lost()
    wait('The connection to the server says nothing any more.')
  }

  function look(eager = false): void {
    if (socket === null) return
    const { next, act } = beat(heart, performance.now(), hasHeard, eager && state.name === 'open')
    heart = next
    hasHeard = false
    if (act === 'hang-up') leave(socket)
    else if (act === 'ping' && state.name === 'open') socket.send(JSON.stringify({ type: 'ping' }))
  }

  function retry(): void {
    if (state.name === 'waiting') void connect()
  }

  setInterval(() => look(), BEAT_MS)
  // A phone that was in a pocket, a laptop that slept, a network that is back.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) look(true)
  })
  addEventListener('online', () => {
    retry()
    look(true)
  })

  /** Browsers cannot send the token with a socket; a ticket stands for it. */
  async function address(): Promise<string> {
    const url = new URL(addressOf(PATH))
    url.protocol = url.protocol.replace('http', 'ws')
    if (options.hasToken()) {
      const soon = AbortSignal.timeout(ANSWER_WITHIN_MS)
      const { ticket } = await api.send<{ ticket: string }>('POST', '/v1/tickets', undefined, soon)
      url.searchParams.set('ticket', ticket)
    }
    return url.href
  }

  return {
    open(): void {
      if (state.name === 'closed') void connect()
    },
    /** Tries at once where it would wait. */
    retry,
    /** Without a socket that is open, it is lost: whoever sends knows the state. */
    send(message: ClientMessage): void {
      if (state.name === 'open') socket?.send(JSON.stringify(message))
    },
    /** What the network does not take is left out: later it would be no answer to anything. */
    audio(pcm: ArrayBuffer, sampleRate: number): void {
      if (state.name !== 'open' || socket === null) return
      if (socket.bufferedAmount < MOST_WAITING_SECONDS * sampleRate * BYTES_PER_SAMPLE) socket.send(pcm)
    },
    /** The session works: the next loss is tried again at once. */
    settled(): void {
      failures = 0
    },
    state: (): ConnectionState => state,
    /** HTTP passes, WebSockets do not. */
    blocked: isBlocked,
  }
}
