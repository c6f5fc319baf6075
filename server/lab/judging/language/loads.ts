import type { LlmLoad, SpeechLoad, VoiceLoad } from '../../observations.ts'
import type { Beside, Rule } from '../arms.ts'
import { readingFigure, timingFigure } from '../figures.ts'
import { isNumber } from '../measured.ts'
import { loadTimes } from '../repeated.ts'

type Load = SpeechLoad | LlmLoad | VoiceLoad
type Both<L extends Load> = Beside<{ loads: L[] }>

/** A figure that every load tells anew: its median, beside that of the reference. */
export const readingOf =
  <L extends Load>(both: Both<L>, rule: Rule) =>
  (figure: string, unit: string, read: (load: L) => number | null) =>
    readingFigure(...both(({ loads }) => loads.map(read).filter(isNumber)), rule(figure, unit))

/** What loading tells of any model: its size on disk and in memory, and how long it takes. */
export function sizeFigures<L extends Load>(both: Both<L>, rule: Rule) {
  const reading = readingOf(both, rule)
  return {
    fileBytes: reading('fileBytes', 'bytes', load => load.fileBytes),
    loadMs: timingFigure(...both(({ loads }) => loadTimes(loads)), rule('loadMs', 'ms')),
    residentBytes: reading('residentBytes', 'bytes', load => load.residentBytes),
  }
}

/** The same, and how many bits a weight has. */
export function loadFigures<L extends SpeechLoad | LlmLoad>(both: Both<L>, rule: Rule) {
  const { fileBytes, ...others } = sizeFigures(both, rule)
  const bitsPerWeight = readingOf(both, rule)('bitsPerWeight', 'bits', load => load.bitsPerWeight)
  return { fileBytes, bitsPerWeight, ...others }
}
