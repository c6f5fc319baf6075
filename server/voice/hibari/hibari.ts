import { serverVoice } from '../serverVoice.ts'
import type { Synthesize } from '../synthesize.ts'
import type { ServerVoice } from '../voice.ts'

/** The engine as this stage needs it: one clause to sound, in pieces. */
export type SpeakWithHibari = (text: string, voice: string, signal: AbortSignal) => ReturnType<Synthesize>

/** Names with what they are, for people. */
export const hibariVoices: ReadonlyMap<string, string> = new Map([
  [
    'hibari:heart',
    'hibari, US English, female, a small neural voice (Apache-2.0; 14 MB, fetched when it is first used)',
  ],
])

/**
 * A voice of hibari, which spells names of every Latin alphabet.
 * @param name one of `hibariVoices`
 */
export function hibariVoice(speak: SpeakWithHibari, name: string): ServerVoice {
  const voice = name.slice(name.indexOf(':') + 1)
  const pronounces = (text: string) => /[\p{Script=Latin}0-9]/u.test(text)
  const saysAll = (text: string) => !/[^\P{L}\p{Script=Latin}]/u.test(text)
  return serverVoice({ name, languages: ['en'], pronounces, saysAll }, (clause, signal) =>
    speak(clause, voice, signal),
  )
}
