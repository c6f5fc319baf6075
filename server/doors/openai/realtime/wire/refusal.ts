import { QuantvoxError } from '../../../../errors.ts'
import { openAiError } from '../../errors.ts'
import type { ServerEvent } from './serverEvents.ts'

/** What a client may not do, by the code that clients of OpenAI know it by. The session goes on. */
export class Refusal extends QuantvoxError {
  readonly eventCode: string

  constructor(eventCode: string, message: string, param?: string) {
    super('invalid_request', message, { param })
    this.eventCode = eventCode
  }
}

/** `eventId`: of the client's event that it is about, where that has one. */
export function errorEvent(error: QuantvoxError, eventId: string | null): ServerEvent {
  const { error: told } = openAiError(error)
  const code = error instanceof Refusal ? error.eventCode : told.code
  return { type: 'error', error: { ...told, code, event_id: eventId } }
}
