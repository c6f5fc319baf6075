import Type, { type Static, type TSchema } from 'typebox'
import { SampleFormat } from '../../audio/sampleFormat.ts'
import { QuantvoxError } from '../../errors.ts'
import { lenientCheck, withoutNulls } from '../lenientCheck.ts'
import type { WyomingEvent } from './framing.ts'

/** What clients send: fields that are not named here are ignored, as are events. */

const MAX_NAME = 200
/** Longest text, as of a typed question: of one event, and of all parts together. */
export const MAX_TEXT = 100_000

const Voice = Type.Object({
  name: Type.Optional(Type.String({ maxLength: MAX_NAME })),
  language: Type.Optional(Type.String({ maxLength: MAX_NAME })),
})
export type VoiceWanted = Static<typeof Voice>
const Spoken = Type.Object({
  voice: Type.Optional(Voice),
  text_format: Type.Optional(Type.String({ maxLength: MAX_NAME })),
})
const Context = Type.Object({ conversation_id: Type.Optional(Type.String({ maxLength: 1000 })) })

export const clientEvents = {
  describe: Type.Object({}),
  ping: Type.Object({ text: Type.Optional(Type.String({ maxLength: MAX_TEXT })) }),
  transcribe: Type.Object({
    name: Type.Optional(Type.String({ maxLength: MAX_NAME })),
    language: Type.Optional(Type.String({ maxLength: MAX_NAME })),
    transcript_names: Type.Optional(Type.Array(Type.String())),
    transcript_terms: Type.Optional(Type.Array(Type.String())),
  }),
  'audio-start': Type.Object({
    rate: SampleFormat.properties.sampleRate,
    width: Type.Integer({ minimum: 1, maximum: 4 }),
    channels: SampleFormat.properties.channels,
  }),
  'audio-chunk': Type.Object({
    rate: Type.Optional(SampleFormat.properties.sampleRate),
    width: Type.Optional(Type.Integer({ minimum: 1, maximum: 4 })),
    channels: Type.Optional(SampleFormat.properties.channels),
  }),
  'audio-stop': Type.Object({}),
  synthesize: Type.Object({ text: Type.String({ maxLength: MAX_TEXT }), ...Spoken.properties }),
  'synthesize-start': Spoken,
  'synthesize-chunk': Type.Object({ text: Type.String({ maxLength: MAX_TEXT }) }),
  'synthesize-stop': Type.Object({}),
  transcript: Type.Object({
    text: Type.String({ maxLength: MAX_TEXT }),
    language: Type.Optional(Type.String({ maxLength: MAX_NAME })),
    context: Type.Optional(Context),
  }),
} as const satisfies Record<string, TSchema>

type Events = typeof clientEvents
type EventType = keyof Events
export type ClientEvent = {
  [T in EventType]: { type: T; data: Static<Events[T]>; payload: Buffer }
}[EventType]
export type DataOf<T extends EventType> = Static<Events[T]>

const checks = Object.fromEntries(
  Object.entries(clientEvents).map(([type, schema]) => [type, lenientCheck(schema)]),
) as Record<string, ReturnType<typeof lenientCheck>>

/** The event with its data checked; null for one that nothing is done about here. @throws QuantvoxError `invalid_message` */
export function checkedEvent({ type, data, payload }: WyomingEvent): ClientEvent | null {
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined
  if (check === undefined) return null
  const inner = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, withoutNulls(value)]))
  try {
    return { type, data: check(inner), payload } as ClientEvent
  } catch (error) {
    if (!(error instanceof QuantvoxError)) throw error
    throw new QuantvoxError('invalid_message', `${type}: ${error.message}`, { param: error.param })
  }
}
