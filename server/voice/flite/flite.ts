import { serverVoice } from '../serverVoice.ts'
import type { SpokenAudio } from '../synthesize.ts'
import type { ServerVoice } from '../voice.ts'

/** The engine as this stage needs it: one sentence to samples. */
export type SpeakWithFlite = (
  text: string,
  voice: string,
  signal: AbortSignal,
) => Promise<SpokenAudio & { inferenceMs: number }>

/** flite reads ASCII; of anything else it would spell bytes. */
const replacements: [RegExp, string][] = [
  [/[\u2018\u2019\u201b\u2032]/g, "'"],
  [/[\u201c\u201d\u2033\u00ab\u00bb]/g, '"'],
  [/[\u2013\u2014]/g, ', '],
  [/\u2026/g, '...'],
  [/[ßẞ]/g, 'ss'],
  [/[æÆ]/g, 'ae'],
  [/[œŒ]/g, 'oe'],
  [/[øØ]/g, 'o'],
  [/[łŁ]/g, 'l'],
  [/[đðĐÐ]/g, 'd'],
  [/[þÞ]/g, 'th'],
  [/\u00b0/g, ' degrees '],
  [/\u20ac/g, ' euros '],
  [/\u00a3/g, ' pounds '],
]

/** Letters without their accents. */
const folded = (text: string) =>
  replacements
    .reduce((result, [from, to]) => result.replace(from, to), text)
    .normalize('NFKD')
    // Combining marks that the normalization split off.
    .replace(/\p{M}/gu, '')

/** Text that flite can read: accents fall off their letters, what has no ASCII form is left out. */
export function asciiForFlite(text: string): string {
  return folded(text)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** Names with what they are, for people. */
export const fliteVoices: ReadonlyMap<string, string> = new Map([
  ['flite:slt', 'flite, US English, female'],
  ['flite:rms', 'flite, US English, male'],
  ['flite:awb', 'flite, Scottish English, male'],
  ['flite:kal16', 'flite, US English, male, the fastest and most robotic'],
])

/**
 * A voice of flite, which gives a clause as a whole: one stretch of audio a clause.
 * @param name one of `fliteVoices`
 */
export function fliteVoice(speak: SpeakWithFlite, name: string): ServerVoice {
  const voice = name.slice(name.indexOf(':') + 1)
  const pronounces = (text: string) => /[a-z0-9]/i.test(asciiForFlite(text))
  const saysAll = (text: string) => !/[^\P{L}a-z]/iu.test(folded(text))
  return serverVoice({ name, languages: ['en'], pronounces, saysAll }, async function* (clause, signal) {
    yield await speak(asciiForFlite(clause), voice, signal)
  })
}
