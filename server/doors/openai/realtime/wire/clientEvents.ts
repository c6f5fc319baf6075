import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../../../errors.ts'
import { nullable } from '../../../../protocol/nullable.ts'
import { isCrowded } from '../../crowded.ts'
import { Refusal } from './refusal.ts'
import { answering, outputTokens, ResponseAudio, SessionUpdate } from './sessionShape.ts'

/** What a client says on `/v1/realtime`. Fields that are not named are ignored, as OpenAI does. */

const MAX_TEXT = 100_000
const event_id = Type.Optional(nullable(Type.String({ maxLength: 512 })))
const id = Type.String({ minLength: 1, maxLength: 64 })
const text = Type.String({ maxLength: MAX_TEXT })
const optionalId = Type.Optional(nullable(id))
const status = Type.Optional(nullable(Type.Enum(['completed', 'incomplete', 'in_progress'])))

const event = <T extends string, P extends Record<string, TSchema>>(type: T, properties: P) =>
  Type.Object({ type: Type.Literal(type), event_id, ...properties })

const WantedPart = Type.Object({
  type: Type.Enum(['input_text', 'input_audio', 'output_text', 'output_audio', 'text', 'audio']),
  text: Type.Optional(nullable(text)),
  transcript: Type.Optional(nullable(text)),
  audio: Type.Optional(nullable(Type.String())),
})
const Message = Type.Object({
  type: Type.Literal('message'),
  id: optionalId,
  status,
  role: Type.Enum(['user', 'assistant', 'system', 'developer']),
  content: Type.Array(WantedPart, { maxItems: 100 }),
})
const Call = Type.Object({
  type: Type.Literal('function_call'),
  id: optionalId,
  status,
  call_id: id,
  name: Type.String({ minLength: 1, maxLength: 100 }),
  arguments: text,
})
const CallOutput = Type.Object({
  type: Type.Literal('function_call_output'),
  id: optionalId,
  status,
  call_id: id,
  output: text,
})
export const WantedItem = Type.Union([Message, Call, CallOutput])
export type WantedItem = Static<typeof WantedItem>
const ItemReference = Type.Object({ type: Type.Literal('item_reference'), id })

export const ResponseWanted = Type.Object({
  ...answering,
  max_output_tokens: outputTokens,
  audio: ResponseAudio,
  conversation: Type.Optional(nullable(Type.String({ maxLength: 64 }))),
  metadata: Type.Optional(
    nullable(
      Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 512 }), { maxProperties: 16 }),
    ),
  ),
  input: Type.Optional(nullable(Type.Array(Type.Union([WantedItem, ItemReference]), { maxItems: 500 }))),
})
export type ResponseWanted = Static<typeof ResponseWanted>

const clientEvents = {
  'session.update': event('session.update', { session: SessionUpdate }),
  'input_audio_buffer.append': event('input_audio_buffer.append', { audio: Type.String() }),
  'input_audio_buffer.commit': event('input_audio_buffer.commit', {}),
  'input_audio_buffer.clear': event('input_audio_buffer.clear', {}),
  'output_audio_buffer.clear': event('output_audio_buffer.clear', {}),
  'conversation.item.create': event('conversation.item.create', {
    previous_item_id: optionalId,
    item: WantedItem,
  }),
  'conversation.item.retrieve': event('conversation.item.retrieve', { item_id: id }),
  'conversation.item.truncate': event('conversation.item.truncate', {
    item_id: id,
    content_index: Type.Integer({ minimum: 0, maximum: 100 }),
    audio_end_ms: Type.Number({ minimum: 0, maximum: 86_400_000 }),
  }),
  'conversation.item.delete': event('conversation.item.delete', { item_id: id }),
  'response.create': event('response.create', { response: Type.Optional(nullable(ResponseWanted)) }),
  'response.cancel': event('response.cancel', { response_id: optionalId }),
}

export type ClientEvent = {
  [T in keyof typeof clientEvents]: Static<(typeof clientEvents)[T]>
}[keyof typeof clientEvents]

const checks = new Map(
  Object.entries<TSchema>(clientEvents).map(([type, schema]) => [type, Compile(schema)] as const),
)

const text_ = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 512) : null)

/** One text frame, and the `event_id` that an error about it has to name. */
export type Decoded = { eventId: string | null; event: ClientEvent | QuantvoxError }

/** A text frame as an event, or what is wrong with it. */
export function decodeEvent(frame: string): Decoded {
  if (isCrowded(Buffer.from(frame))) {
    const message = 'An event has too many objects, lists and texts.'
    return { eventId: null, event: new Refusal('invalid_event', message) }
  }
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    return { eventId: null, event: new Refusal('invalid_json', 'An event is not JSON.') }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { eventId: null, event: new Refusal('invalid_event', 'An event is not an object.') }
  const { type, event_id: given } = value as { type?: unknown; event_id?: unknown }
  const eventId = text_(given)
  const check = typeof type === 'string' ? checks.get(type) : undefined
  if (check === undefined) return { eventId, event: unknownType(type) }
  if (check.Check(value)) return { eventId, event: value as ClientEvent }
  const [first] = check.Errors(value)[1]
  const param = first?.instancePath.slice(1).replaceAll('/', '.').slice(0, 200)
  const message = `${param || String(type)} ${first?.message ?? 'is not valid'}.`.slice(0, 300)
  const error = new QuantvoxError('invalid_message', message, param ? { param } : {})
  return { eventId, event: error }
}

/** Those of the beta are known to be gone; what is known of neither is refused and the session goes on. */
function unknownType(type: unknown): Refusal {
  if (typeof type !== 'string') return new Refusal('invalid_event', 'An event has no type.', 'type')
  const known = [...checks.keys()].join(', ')
  return new Refusal('unknown_event', `"${type.slice(0, 60)}" is no event. Events are ${known}.`, 'type')
}
