import type { SpokenAudio, Synthesize } from '../synthesize.ts'

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
  [/\u00df/g, 'ss'],
  [/\u00b0/g, ' degrees '],
  [/\u20ac/g, ' euros '],
  [/\u00a3/g, ' pounds '],
]

/** Text that flite can read: accents fall off their letters, what has no ASCII form is left out. */
export function asciiForFlite(text: string): string {
  const replaced = replacements.reduce((result, [from, to]) => result.replace(from, to), text)
  return (
    replaced
      .normalize('NFKD')
      // Combining marks that the normalization split off.
      .replace(/\p{M}/gu, '')
      .replace(/[^\x20-\x7e]+/g, ' ')
      .replace(/ {2,}/g, ' ')
      .trim()
  )
}

/** A flite voice as a stage. flite gives a clause as a whole, so one stretch of audio a clause. */
export function createFliteSynthesis(speak: SpeakWithFlite, voice: string): Synthesize {
  return async function* (clause, signal) {
    const text = asciiForFlite(clause)
    if (!/[a-z0-9]/i.test(text)) return
    yield await speak(text, voice, signal)
  }
}
