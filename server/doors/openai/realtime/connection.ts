import type { WebSocket } from 'ws'
import { untilAborted } from '../../../abort.ts'
import { durationMs } from '../../../audio/pcm.ts'
import { errorTable, QuantvoxError } from '../../../errors.ts'
import { BYTES_PER_SAMPLE, closeCodes } from '../../../protocol/socketLimits.ts'
import { startHeartbeat } from '../../heartbeat.ts'
import { createLimits } from '../../socket/limits.ts'
import { OUTPUT_RATE } from './response.ts'
import { createRealtimeSession, type RealtimeOptions } from './session.ts'
import { decodeEvent } from './wire/clientEvents.ts'
import { errorEvent, Refusal } from './wire/refusal.ts'
import type { ServerEvent } from './wire/serverEvents.ts'

/** An event with as much audio as may come at once, which is 10 s, has 640,000 bytes in base64. */
export const MAX_EVENT_BYTES = 768 * 1024
/** What may wait for a session to be ready, or for its settings. */
const MAX_HELD_BYTES = 2 * 2 ** 20
/** The socket takes audio up to here; the rest of a reply waits where it can be interrupted. */
const HIGH_WATER_BYTES = 64 * 1024
/** A client that reads nothing gets no more once so much waits for it. */
const MAX_BUFFERED_BYTES = 4 * 2 ** 20
/** Clients take a connection on which nothing comes for longer for dead. */
const PING_EVERY_MS = 20_000
/** A client that does not answer a close frame within this time is cut off. */
const CLOSE_WITHIN_MS = 2000

type ConnectionOptions = Omit<RealtimeOptions, 'emit' | 'flushed' | 'fatal'>

/** Joins a socket and a Realtime session: decodes, keeps the limits, closes. Attaches its handlers before it returns. */
export function serveRealtime(socket: WebSocket, options: ConnectionOptions, onClosed: () => void) {
  const { log } = options
  const limits = createLimits()
  const waiting: ((sent: boolean) => void)[] = []
  let events = 0
  let heldBytes = 0
  let ended: Promise<void> | null = null

  function emit(event: ServerEvent): void {
    if (socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify({ event_id: `event_${++events}`, ...event }), () => {
      if (socket.bufferedAmount <= HIGH_WATER_BYTES) settle(true)
    })
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate()
  }

  function settle(sent: boolean): void {
    for (const resolve of waiting.splice(0)) resolve(sent)
  }

  async function flushed(): Promise<boolean> {
    if (socket.readyState !== socket.OPEN) return false
    if (socket.bufferedAmount <= HIGH_WATER_BYTES) return true
    return await new Promise(resolve => waiting.push(resolve))
  }

  function end(error: QuantvoxError | null): Promise<void> {
    if (ended) return ended
    if (error) {
      emit(errorEvent(error, null))
      socket.close(errorTable[error.code].close ?? closeCodes.policy, error.code)
      setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS).unref()
    }
    stopHeartbeat()
    settle(false)
    ended = session.close().catch(thrown => log.error({ err: thrown }, 'a session did not end well'))
    return ended
  }

  function take(data: Buffer, isBinary: boolean): void {
    const arrivedAtMs = performance.now()
    if (isBinary) throw new Refusal('invalid_event', 'A frame is binary; events are JSON in text frames.')
    if (data.length > MAX_EVENT_BYTES) {
      throw new QuantvoxError('too_large', `An event has ${data.length} bytes.`, {
        mend: `Send at most ${MAX_EVENT_BYTES} bytes at once.`,
      })
    }
    const { eventId, event } = decodeEvent(data.toString('utf8'))
    const isAudio = !(event instanceof QuantvoxError) && event.type === 'input_audio_buffer.append'
    if (!isAudio) limits.control(arrivedAtMs)
    if (event instanceof QuantvoxError) {
      emit(errorEvent(event, eventId))
      if (limits.tooManyInvalid('text', false)) tooManyInvalid()
      return
    }
    limits.tooManyInvalid('text', true)
    if (event.type === 'input_audio_buffer.append') {
      limits.audio(durationMs(bytesIn(event.audio) / BYTES_PER_SAMPLE, OUTPUT_RATE), arrivedAtMs)
    }
    heldBytes = session.isHolding() ? heldBytes + data.length : 0
    if (heldBytes > MAX_HELD_BYTES) {
      throw new QuantvoxError('too_large', 'Too much came while the session was not ready.', {
        mend: 'Wait for session.created and session.updated.',
      })
    }
    session.take(event, eventId, arrivedAtMs)
  }

  function tooManyInvalid(): void {
    socket.close(closeCodes.policy, 'too many invalid messages')
    void end(null)
  }

  socket.on('message', (data, isBinary) => {
    if (ended) return
    try {
      // The default binary type of `ws` gives one Buffer a message.
      take(data as Buffer, isBinary)
    } catch (thrown) {
      if (!(thrown instanceof QuantvoxError)) log.error({ err: thrown }, 'an event failed')
      const error =
        thrown instanceof QuantvoxError
          ? thrown
          : new QuantvoxError('internal', 'An event failed.', { cause: thrown })
      if (!error.recoverable) return void end(error)
      emit(errorEvent(error, null))
      if (limits.tooManyInvalid('text', false)) tooManyInvalid()
    }
  })
  const stopHeartbeat = startHeartbeat(socket, PING_EVERY_MS)
  socket.on('close', code => {
    log.info({ sessionId: session.sessionId, code }, 'Realtime session closed')
    void end(null).then(onClosed)
  })

  const session = createRealtimeSession({ ...options, emit, flushed, fatal: error => void end(error) })
  log.info({ sessionId: session.sessionId }, 'Realtime session opened')
  return {
    end,
    /** Lets turns that are under way end first, until `signal` aborts. */
    async finish(error: QuantvoxError, signal: AbortSignal): Promise<void> {
      // Only the signal rejects it; `end` then breaks off what is left.
      await untilAborted(session.finish(), signal).catch(() => {})
      await end(error)
    },
  }
}

/** Bytes that a text in base64 stands for. */
const bytesIn = (base64: string): number => Math.floor((base64.length * 3) / 4)
