import { QuantvoxError } from '../../../server/errors.ts'
import type { WakeWords } from '../../../server/hearing/wakeWord/wakeWords.ts'

/** A sample that stands for the end of the wake word: the step that has it scores `SCORE`. */
export const WORD = 12_345
export const SCORE = 0.9

/** Hears the wake word in sound that no test has to speak. `phrases`: those that are here; `trouble` is thrown for each step while it is set. */
export function scriptedWakeWords(phrases: readonly string[] = ['hey-jarvis']) {
  const script: { trouble: Error | null } = { trouble: null }
  const opened: string[] = []
  const wakeWords: WakeWords = {
    async load(phrase) {
      if (!phrases.includes(phrase))
        throw new QuantvoxError('model_not_found', `The wake word ${phrase} is not here.`)
    },
    open(phrase) {
      opened.push(phrase)
      return {
        async push(step) {
          if (script.trouble !== null) throw script.trouble
          return step.includes(WORD) ? SCORE : 0.01
        },
        startOver: () => {},
        close: () => {},
      }
    },
    stop: async () => {},
  }
  return { wakeWords, script, opened }
}
