import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime'
import { expectTypeOf, test } from 'vitest'
import type { ServerEvent } from '../../../../server/doors/openai/realtime/wire/serverEvents.ts'

/** OpenAI itself sends null where its types have the field left out. */
type WithoutNulls<T> = T extends (infer E)[]
  ? WithoutNulls<E>[]
  : T extends object
    ? { [K in keyof T]: WithoutNulls<Exclude<T[K], null>> }
    : T

type Ours<T> = ServerEvent extends infer E
  ? E extends { type: infer Types }
    ? T extends Types
      ? WithoutNulls<Omit<E, 'type'>> & { type: T; event_id: string }
      : never
    : never
  : never
type Sdks<T> = Extract<RealtimeServerEvent, { type: T }>

/** Types of events that are none of the SDK's, or are there and have other fields. */
type Other = {
  [T in ServerEvent['type']]: [Sdks<T>] extends [never] ? T : Ours<T> extends Sdks<T> ? never : T
}[ServerEvent['type']]

test('every event is one of the SDK’s own, by its own types', () => {
  expectTypeOf<Other>().toBeNever()
})
