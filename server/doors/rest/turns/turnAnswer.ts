import type { FastifyReply } from 'fastify'
import { toBytes } from '../../../audio/pcm.ts'
import type { QuantvoxError } from '../../../errors.ts'
import type { TurnMessage } from '../../../protocol/messages.ts'
import type { TurnRecord } from '../../../protocol/record.ts'
import type { AudioDelta, PairAnswer, TurnAnswer } from '../../../protocol/turns.ts'
import type { AudioEvent, SessionEvent } from '../../../session/events.ts'
import { errorMessage } from '../../errorMessage.ts'

/**
 * Hears a turn that is asked by a request: sends its events where the client wants them, and collects the whole answer.
 * @param typed what was asked, where it was no audio
 * @param sendsAudio whether the spoken reply is among the events
 */
export function collectAnswer(events: FastifyReply['sse'] | undefined, typed: string, sendsAudio = false) {
  const sending: Promise<void>[] = []
  let transcript = typed
  let reply = ''
  let audio: TurnAnswer['audio']
  const hints: NonNullable<TurnAnswer['hints']> = []
  let record: TurnRecord | null = null
  let error: QuantvoxError | null = null

  function send(message: TurnMessage | AudioDelta): void {
    if (events) sending.push(events.send({ event: message.type, data: message }).catch(() => {}))
  }

  async function play({ turnId, samples }: AudioEvent): Promise<boolean> {
    if (sendsAudio) send({ type: 'audio.delta', turnId, audio: toBytes(samples).toString('base64') })
    return true
  }

  function hear(event: SessionEvent): void {
    switch (event.type) {
      case 'transcript.final':
        transcript = event.text
        send(event)
        break
      case 'reply.delta':
        reply += event.text
        send(event)
        break
      case 'reply.done':
        // All of it: what came before may have been taken back.
        reply = event.text
        send(event)
        break
      case 'hint': {
        const { hint, message, mend } = event
        hints.push({ hint, message, mend })
        send(event)
        break
      }
      case 'thinking':
      case 'tool.started':
      case 'tool.done':
      case 'audio.started':
        send(event)
        break
      case 'audio.done': {
        const { type, turnId, audioMs, isKept } = event
        const url = `/v1/turns/${turnId}/reply.wav`
        if (isKept) audio = { url, mimeType: 'audio/wav', durationMs: audioMs }
        send({ type, turnId, audioMs, ...(isKept ? { url } : {}) })
        break
      }
      case 'error':
        if (event.turnId === undefined) break
        error = event.error
        send(errorMessage(event.error, { turnId: event.turnId }))
        break
      case 'turn.done': {
        const { heardText, ...message } = event
        record = event.timings
        send(message)
      }
    }
  }

  return {
    sink: { tell: hear, play },
    /** Settles when every event that was sent is out. */
    sent: (): Promise<unknown> => Promise.all(sending),
    /** Null before the turn is over. */
    result(): { answer: TurnAnswer; error: QuantvoxError | null } | null {
      if (record === null) return null
      const { turnId, conversationId } = record
      return {
        answer: {
          ...{ turnId, conversationId, transcript, reply },
          ...(audio ? { audio } : {}),
          ...(hints.length > 0 ? { hints } : {}),
          timings: record,
        },
        error,
      }
    },
  }
}

type Over = NonNullable<ReturnType<ReturnType<typeof collectAnswer>['result']>>

/** Both answers in one, each with what it failed by. */
export function pairAnswer(pairId: string, [chosen, compared]: [Over, Over]): PairAnswer {
  const answered = ({ answer, error }: Over) => ({ ...answer, ...(error && { error: errorMessage(error) }) })
  return { pairId, turns: [answered(chosen), answered(compared)] }
}
