import * as Type from 'typebox'
import { Check } from 'typebox/schema'
import type { Start } from '../../server/protocol/socketClient.ts'

/** How this person likes to talk, kept in this browser. */
export const TalkSettings = Type.Object({
  mode: Type.Enum(['hands-free', 'wake-word', 'push-to-talk']),
  /** How the big control works in push-to-talk. */
  press: Type.Enum(['hold', 'toggle']),
  holdSpace: Type.Boolean(),
  /** What ends a turn: a silence, or the learned end with a preset; null is the server's own. */
  ending: Type.Union([Type.Enum(['silence', 'fast', 'balanced', 'patient']), Type.Null()]),
  /** Silence that ends a turn; null is the server's own. */
  silenceMs: Type.Union([Type.Integer({ minimum: 100, maximum: 3000 }), Type.Null()]),
  /** Voiced time that interrupts a reply, 0 never; null is the server's own. */
  interruptMs: Type.Union([Type.Integer({ minimum: 0, maximum: 2000 }), Type.Null()]),
  microphoneId: Type.Union([Type.String(), Type.Null()]),
  /** Where answers are heard, where the browser lets a page choose; null is the browser's own. */
  speakerId: Type.Union([Type.String(), Type.Null()]),
  /** What wakes a session in wake-word mode, and from which score on; null is the server's own. */
  wakePhrase: Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()]),
  wakeThreshold: Type.Union([Type.Number({ minimum: 0.01, maximum: 1 }), Type.Null()]),
})
export type TalkSettings = Type.Static<typeof TalkSettings>

export const usualSettings: TalkSettings = {
  mode: 'hands-free',
  press: 'hold',
  holdSpace: true,
  ending: null,
  silenceMs: null,
  interruptMs: null,
  microphoneId: null,
  speakerId: null,
  wakePhrase: null,
  wakeThreshold: null,
}

/** What of it a server is told; it knows the rest itself. */
export function endpointingOf({
  ending,
  silenceMs,
}: Pick<TalkSettings, 'ending' | 'silenceMs'>): NonNullable<Start['endpointing']> {
  const silence = silenceMs === null ? {} : { silenceMs }
  if (ending === null) return silence
  return ending === 'silence' ? { mode: ending, ...silence } : { mode: 'learned', preset: ending, ...silence }
}

/** The same of the wake word. */
export function wakeWordOf({
  wakePhrase,
  wakeThreshold,
}: Pick<TalkSettings, 'wakePhrase' | 'wakeThreshold'>): NonNullable<Start['wake']> {
  return {
    ...(wakePhrase === null ? {} : { phrase: wakePhrase }),
    ...(wakeThreshold === null ? {} : { threshold: wakeThreshold }),
  }
}

/** All of it that a server is told. */
export function toldToServer(
  settings: TalkSettings,
): Pick<Start, 'mode' | 'endpointing' | 'bargeIn' | 'wake'> {
  const { mode, interruptMs } = settings
  return {
    mode,
    endpointing: endpointingOf(settings),
    wake: wakeWordOf(settings),
    ...(interruptMs === null ? {} : { bargeIn: { minSpeechMs: interruptMs } }),
  }
}

const KEY = 'quantvox.talk'

/** A browser that keeps nothing may refuse the very name. */
const keptHere = () => localStorage

/** What is kept, name by name; what is not as it should be is as usual. A browser that keeps nothing is no error. */
export function readSettings(storage: () => Pick<Storage, 'getItem'> = keptHere): TalkSettings {
  let kept: unknown
  try {
    kept = JSON.parse(storage().getItem(KEY) ?? '{}')
  } catch {
    return usualSettings
  }
  if (typeof kept !== 'object' || kept === null) return usualSettings
  const valid = Object.entries(kept).filter(([name, value]) => {
    const schemas: Record<string, Type.TSchema> = TalkSettings.properties
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined
    return schema !== undefined && Check(schema, value)
  })
  return { ...usualSettings, ...Object.fromEntries(valid) }
}

export function keepSettings(settings: TalkSettings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
  } catch {
    // Private windows may refuse; the settings then last as long as the page.
  }
}
