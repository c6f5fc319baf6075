import { once } from 'node:events'
import type { Socket } from 'node:net'
import { within } from '../../abort.ts'
import { isAbort, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createChannel } from '../../session/parts/channel.ts'
import { createLimits } from '../socket/limits.ts'
import { createEventReader, eventBytes, type WyomingEvent } from './framing.ts'
import { checkedEvent } from './messages.ts'
import { createRequests, type RequestDependencies } from './requests.ts'

/** Audio that comes faster than it is taken waits with its sender from here on; each event counts so many bytes beside its payload. */
const HIGH_WATER_BYTES = 2 ** 20
const COUNTED_BYTES = 256
/** While a request is being answered all is read, so that a client which leaves is seen to leave; no more than this is kept. */
const MAX_WAITING_BYTES = 4 * 2 ** 20
/** A client that does not hang up after an error within this time is cut off. */
const CLOSE_WITHIN_MS = 2000

/** How long a connection may stand still; shorter in tests. */
export type Patience = {
  /** Between requests, and within an event. */
  idleMs: number
  /** Within a request: a text may be written by a model that takes its time. */
  openMs: number
  /** Until the client takes more of an answer. */
  stalledMs: number
}

export const usualPatience: Patience = { idleMs: 60_000, openMs: 300_000, stalledMs: 60_000 }

export type ConnectionDependencies = RequestDependencies & { patience: Patience }

export type Connection = ReturnType<typeof serveConnection>

/** Events that come as often as there is audio or text. */
const isOfStream = (type: string) => type === 'audio-chunk' || type === 'synthesize-chunk'

/** One client: reads its events, answers one request after the other, keeps the limits, hangs up. */
export function serveConnection(socket: Socket, dependencies: ConnectionDependencies, log: Log) {
  const { idleMs, openMs, stalledMs } = dependencies.patience
  /** Aborts what is asked for when nobody waits for it any more. */
  const left = new AbortController()
  /** Aborts when nothing more can be sent. */
  const shut = new AbortController()
  const reader = createEventReader()
  const limits = createLimits()
  const queue = createChannel<{ event: WyomingEvent; arrivedAtMs: number }>()
  const requests = createRequests(dependencies, { send, fail, signal: left.signal, log })
  let draining: Promise<void> | null = null
  let waitingBytes = 0
  let isAnswering = false
  let isFinishing = false
  let idle: NodeJS.Timeout | undefined

  async function send(event: Buffer): Promise<void> {
    shut.signal.throwIfAborted()
    if (!socket.write(event)) {
      draining ??= drained().finally(() => {
        draining = null
      })
    }
    await draining
  }

  async function drained(): Promise<void> {
    const taken = once(socket, 'drain', { signal: shut.signal }).then(() => true)
    if (await within(taken, stalledMs, () => false)) return
    log.info({ stalledMs }, 'a Wyoming client takes nothing of its answer')
    const reason = new Error('the client takes nothing')
    shut.abort(reason)
    left.abort(reason)
    socket.destroy()
    throw reason
  }

  /** Tells the client what went wrong, and hangs up: most clients would wait on for what they asked for. */
  function fail(error: QuantvoxError): void {
    if (shut.signal.aborted) return
    if (error.code === 'internal') log.error({ err: error }, 'a Wyoming request failed')
    else log.info({ code: error.code }, error.message)
    socket.write(eventBytes('error', { text: error.line, code: error.code }))
    hangUp(error)
  }

  function hangUp(reason: Error): void {
    if (shut.signal.aborted) return
    shut.abort(reason)
    left.abort(reason)
    clearTimeout(idle)
    queue.end()
    // Read on, unheeded: with data that nobody reads the system would throw away what the client was told last.
    socket.removeListener('data', take)
    socket.resume()
    socket.end()
    setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS).unref()
  }

  function rearm(): void {
    clearTimeout(idle)
    if (shut.signal.aborted) return
    const ms = requests.isOpen() && !reader.isWithin() ? openMs : idleMs
    idle = setTimeout(() => {
      if (isAnswering) rearm()
      else if (requests.isOpen() || reader.isWithin()) fail(stoodStill(ms))
      else hangUp(new Error('nobody asks for anything'))
    }, ms)
    idle.unref()
  }

  function put(event: WyomingEvent, arrivedAtMs: number): void {
    if (!isOfStream(event.type)) limits.control(arrivedAtMs)
    if (event.type === 'ping') {
      const pong = eventBytes('pong', checkedEvent(event)?.data)
      // Who reads nothing needs no answer.
      if (!socket.writableNeedDrain) socket.write(pong)
      return
    }
    const bytes = event.payload.length + COUNTED_BYTES
    waitingBytes += bytes
    if (!isAnswering && waitingBytes > HIGH_WATER_BYTES) socket.pause()
    if (waitingBytes > MAX_WAITING_BYTES)
      throw new QuantvoxError('too_large', 'Too much came while a request was being answered.', {
        mend: 'Wait for the answer, or open a connection for each request.',
      })
    void queue.put({ event, arrivedAtMs }).then(() => {
      waitingBytes -= bytes
      if (waitingBytes <= HIGH_WATER_BYTES) socket.resume()
    })
  }

  function take(chunk: Buffer): void {
    const arrivedAtMs = performance.now()
    // An event that comes byte by byte gets no more time than another.
    let isNew = !reader.isWithin()
    try {
      for (const event of reader.push(chunk)) {
        put(event, arrivedAtMs)
        isNew = true
      }
      if (isNew) rearm()
    } catch (error) {
      fail(toQuantvoxError(error))
    }
  }

  async function answer(): Promise<void> {
    for await (const { event, arrivedAtMs } of queue.items()) {
      const checked = checkedEvent(event)
      if (checked === null) continue
      isAnswering = !isOfStream(event.type)
      if (isAnswering) socket.resume()
      await requests.take(checked, arrivedAtMs)
      isAnswering = false
      if (isFinishing) finish()
      else rearm()
    }
  }

  /** Hangs up as soon as no request is under way. */
  function finish(): void {
    isFinishing = true
    if (!isAnswering && !requests.isOpen()) hangUp(new Error('the server stops'))
  }

  const answered = answer()
    .catch((error: unknown) => {
      if (!isAbort(error, left.signal)) fail(toQuantvoxError(error))
    })
    .then(requests.over)
  socket.on('data', take)
  socket.on('error', error => log.debug({ err: error }, 'a Wyoming connection broke'))
  // Who closes its side does not wait for what it asked models for; what is known at once it may still read.
  socket.on('end', () => {
    left.abort(new Error('the client left'))
    queue.end()
    void answered.then(() => hangUp(left.signal.reason))
  })
  const closed = new Promise<void>(settle => {
    socket.on('close', () => {
      hangUp(new Error('the client left'))
      settle()
    })
  })
  rearm()

  return {
    fail,
    finish,
    cut: (): void => void socket.destroy(),
    /** Settles when it is closed and the rows of its turns are written. */
    over: Promise.all([closed, answered]),
  }
}

const stoodStill = (ms: number) =>
  new QuantvoxError('invalid_state', `Nothing came for ${ms / 1000} s in the middle of a request.`)
