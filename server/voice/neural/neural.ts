import { kokoroVoices } from '../../shared/kokoroVoices.ts'
import { serverVoice } from '../serverVoice.ts'
import type { Synthesize } from '../synthesize.ts'
import type { ServerVoice } from '../voice.ts'

/** An engine as this stage needs it: one clause to sound, in pieces. */
export type SpeakInPieces = (text: string, voice: string, signal: AbortSignal) => ReturnType<Synthesize>

const kinds: Record<string, string> = {
  ...{ af: 'US English, female', am: 'US English, male' },
  ...{ bf: 'a British woman, read as US English', bm: 'a British man, read as US English' },
}

/** Names with what they are, for people. */
export const neuralVoices: ReadonlyMap<string, string> = new Map([
  [
    'hibari:heart',
    'hibari, US English, female, a small neural voice (Apache-2.0; 14 MB, fetched when it is first used)',
  ],
  ...kokoroVoices.map((voice): [string, string] => [
    `kokoro:${voice}`,
    `Kokoro-82M, ${kinds[voice.slice(0, 2)]}, a larger neural voice, where this machine is fast enough for it (Apache-2.0; 107 MB, fetched when it is first used)`,
  ]),
  ['piper:joe', 'Piper, US English, male, a neural voice (voice CC0; 63 MB, fetched when it is first used)'],
])

/**
 * A voice of a network that is given phonemes of hibari's lexica, which spell names of every Latin alphabet.
 * @param name one of `neuralVoices`
 */
export function neuralVoice(speak: SpeakInPieces, name: string): ServerVoice {
  const voice = name.slice(name.indexOf(':') + 1)
  const pronounces = (text: string) => /[\p{Script=Latin}0-9]/u.test(text)
  const saysAll = (text: string) => !/[^\P{L}\p{Script=Latin}]/u.test(text)
  return serverVoice({ name, languages: ['en'], pronounces, saysAll }, (clause, signal) =>
    speak(clause, voice, signal),
  )
}
