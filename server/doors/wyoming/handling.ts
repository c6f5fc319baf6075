import { createHash } from 'node:crypto'
import { Check } from 'typebox/value'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { TurnChoices } from '../../protocol/turns.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import { askOnce } from '../../session/askOnce.ts'
import type { Sink } from '../../session/events.ts'
import type { Stages } from '../../session/stages.ts'
import { languageCode } from '../../spokenLanguage.ts'
import { eventBytes } from './framing.ts'
import type { DataOf } from './messages.ts'

export type HandlingDependencies = { stages: Stages; replies: ReplyAudio; log: Log }

/**
 * A turn of a conversation, asked in text and answered in text, as events; its row is written before `handled`.
 * @param tell gets what comes of the reply before that
 * @throws QuantvoxError
 */
export async function handle(
  { text, language, context }: DataOf<'transcript'>,
  { stages, replies, log }: HandlingDependencies,
  tell: (event: Buffer) => void,
  arrivedAtMs: number,
  signal: AbortSignal,
): Promise<Buffer[]> {
  if (text.trim() === '')
    throw new QuantvoxError('invalid_request', 'The text is blank.', { mend: 'Ask something.' })
  let reply = ''
  let conversationId = ''
  let hasBegun = false
  let failure: QuantvoxError | null = null
  const sink: Sink = {
    play: async () => true,
    tell(event) {
      if (event.type === 'reply.delta') {
        if (!hasBegun) tell(eventBytes('handled-start'))
        hasBegun = true
        tell(eventBytes('handled-chunk', { text: event.text }))
        reply += event.text
      } else if (event.type === 'reply.done') reply = event.text
      else if (event.type === 'error' && event.error.code !== 'empty_reply') failure = event.error
      else if (event.type === 'turn.done') conversationId = event.timings.conversationId
    },
  }
  const code = languageCode(language ?? '')
  const choices = {
    voice: 'none',
    ...(code === null ? {} : { language: code }),
    ...conversationOf(context?.conversation_id ?? ''),
  }
  await askOnce(
    { input: { text }, choices, source: 'wyoming', arrivedAtMs },
    { stages, replies, sink, log },
    signal,
  )
  if (failure !== null) throw failure
  const begun = hasBegun ? [] : [eventBytes('handled-start')]
  const handled = eventBytes('handled', { text: reply, context: { conversation_id: conversationId } })
  return [...begun, handled, eventBytes('handled-stop')]
}

/** Home Assistant's automations may call a conversation what they like. */
function conversationOf(name: string): { conversationId?: string } {
  if (name === '') return {}
  if (Check(TurnChoices.properties.conversationId, name)) return { conversationId: name }
  return { conversationId: `wyoming-${createHash('sha256').update(name).digest('hex').slice(0, 32)}` }
}
