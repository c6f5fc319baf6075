import type { WebSocket } from 'ws'
import { untilAborted } from '../../abort.ts'
import { durationMs, toBytes } from '../../audio/pcm.ts'
import { errorTable, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { closeCodes, socketLimits } from '../../protocol/socketLimits.ts'
import type { Sink } from '../../session/events.ts'
import { createSession, type SessionDependencies } from '../../session/session.ts'
import { errorMessage } from '../errorMessage.ts'
import { startHeartbeat } from '../heartbeat.ts'
import { decodeAudioFrame, decodeMessage } from './decode.ts'
import { createLimits } from './limits.ts'
import { createOutbox, type Outbox } from './outbox.ts'

/** A client that reads nothing gets no more once so much waits for it. */
const MAX_BUFFERED_BYTES = 4 * 2 ** 20
/** A client that answers no ping for so long is gone. */
const PING_EVERY_MS = 30_000
/** A client that does not answer a close frame within this time is cut off. */
const CLOSE_WITHIN_MS = 2000
/** A socket takes a place; one that starts no session for so long gives it back. */
const START_WITHIN_MS = 10_000

export type Connection = ReturnType<typeof serveConnection>

/** Joins a socket and a session: decodes, checks, keeps the limits, closes. Attaches its handlers before it returns. */
export function serveConnection(
  socket: WebSocket,
  dependencies: SessionDependencies,
  log: Log,
  onClosed: () => void,
) {
  const outbox = createOutbox({
    send(data, flushed) {
      if (socket.readyState !== socket.OPEN) return
      socket.send(data, flushed)
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate()
    },
    bufferedBytes: () => socket.bufferedAmount,
  })
  const limits = createLimits()
  let ended: Promise<void> | null = null
  let toldOfEarlyAudio = false
  let patience: NodeJS.Timeout | undefined
  const session = createSession(dependencies, sinkOf(outbox, failed), log)

  /** What the session could not do; a `start` that failed may come again. */
  function failed(error: QuantvoxError, message: ReturnType<typeof errorMessage>): void {
    if (!error.recoverable) return void end(error)
    outbox.now(message)
    if (session.sampleRate() === null) awaitStart()
  }

  function awaitStart(): void {
    clearTimeout(patience)
    patience = setTimeout(() => {
      void end(
        new QuantvoxError('invalid_state', `No "start" came within ${START_WITHIN_MS / 1000} s.`, {
          mend: 'Send "start" first, and keep no socket that nobody talks on.',
        }),
      )
    }, START_WITHIN_MS)
    patience.unref()
  }

  function end(error: QuantvoxError | null): Promise<void> {
    if (ended) return ended
    outbox.close(error && errorMessage(error))
    if (error) hangUp(errorTable[error.code].close ?? closeCodes.policy, error.code)
    stopHeartbeat()
    clearTimeout(patience)
    ended = session.close().catch(thrown => log.error({ err: thrown }, 'a session did not end well'))
    return ended
  }

  function hangUp(code: number, reason: string): void {
    socket.close(code, reason)
    setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS).unref()
  }

  function refuse(thrown: unknown, kind: 'text' | 'binary'): void {
    const error = toQuantvoxError(thrown)
    if (error.code === 'internal') log.error({ err: error }, 'a message failed')
    if (!error.recoverable) {
      void end(error)
      return
    }
    outbox.now(errorMessage(error))
    const isInvalid = error.code === 'invalid_message' || error.code === 'audio_invalid'
    if (isInvalid && limits.tooManyInvalid(kind, false)) {
      hangUp(closeCodes.policy, 'too many invalid messages')
      void end(null)
    }
  }

  function takeAudio(bytes: Buffer, arrivedAtMs: number): void {
    const sampleRate = session.sampleRate()
    if (sampleRate === null) {
      // Told once: a client that streams would get an error for each frame.
      if (toldOfEarlyAudio) return
      toldOfEarlyAudio = true
      throw new QuantvoxError('invalid_state', 'Audio came before "start".')
    }
    const samples = decodeAudioFrame(bytes, sampleRate)
    limits.audio(durationMs(samples.length, sampleRate), arrivedAtMs)
    session.audio(samples, arrivedAtMs)
  }

  function takeText(text: string, arrivedAtMs: number): void {
    limits.control(arrivedAtMs)
    const message = decodeMessage(text)
    if (message.type === 'ping') {
      outbox.now({ type: 'pong' })
      return
    }
    session.message(message, arrivedAtMs)
    if (message.type !== 'start') return
    toldOfEarlyAudio = false
    clearTimeout(patience)
  }

  socket.on('message', (data, isBinary) => {
    if (ended) return
    const arrivedAtMs = performance.now()
    const kind = isBinary ? 'binary' : 'text'
    // The default binary type of `ws` gives one Buffer a message.
    const bytes = data as Buffer
    try {
      if (bytes.length > socketLimits.maxMessageBytes) {
        throw new QuantvoxError('too_large', `A message has ${bytes.length} bytes.`, {
          mend: `Send at most ${socketLimits.maxMessageBytes} bytes at once.`,
        })
      }
      if (isBinary) takeAudio(bytes, arrivedAtMs)
      else takeText(bytes.toString('utf8'), arrivedAtMs)
      limits.tooManyInvalid(kind, true)
    } catch (error) {
      refuse(error, kind)
    }
  })
  const stopHeartbeat = startHeartbeat(socket, PING_EVERY_MS)
  socket.on('close', code => {
    log.info({ sessionId: session.sessionId, code }, 'session closed')
    void end(null).then(onClosed)
  })

  awaitStart()
  log.info({ sessionId: session.sessionId }, 'session opened')
  return {
    /** Ends the session: the client is told why; settles when the rows of its turns are written. */
    end,
    /** The same, but lets turns that are under way end first, until `signal` aborts. */
    async finish(error: QuantvoxError, signal: AbortSignal): Promise<void> {
      // Only the signal rejects it; `end` then breaks off what is left.
      await untilAborted(session.finish(), signal).catch(() => {})
      await end(error)
    },
  }
}

/** A session's events as frames: control overtakes audio, what frames the audio keeps its place in it. */
function sinkOf(
  outbox: Outbox,
  failed: (error: QuantvoxError, message: ReturnType<typeof errorMessage>) => void,
): Sink {
  return {
    play: ({ turnId, samples }) => outbox.audio(turnId, toBytes(samples)),
    tell(event) {
      switch (event.type) {
        case 'audio.started':
        case 'turn.done':
          void outbox.inOrder(event.turnId, event)
          break
        case 'audio.done': {
          const { type, turnId, audioMs } = event
          void outbox.inOrder(turnId, { type, turnId, audioMs })
          break
        }
        case 'cut':
          outbox.drop(event.turnId)
          break
        case 'reopened':
          outbox.drop(event.turnId)
          outbox.takeAgain(event.turnId)
          outbox.now(event)
          break
        case 'calls':
          // No session is given tools.
          break
        case 'error': {
          const { type, error, ...about } = event
          failed(error, errorMessage(error, about))
          break
        }
        default:
          outbox.now(event)
      }
    },
  }
}
