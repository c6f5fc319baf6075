import { sleep } from '../../../server/abort.ts'
import type { Detector } from '../../../server/hearing/endOfTurn/detector.ts'

/** Cannot be had. */
export const noDetector: Detector = {
  start: async () => {},
  ask: () => Promise.reject(new Error('there is no detector')),
  stop: async () => {},
}

/** Gives these probabilities, one a question, then its last again; `asked` is what it was asked about. */
export function scriptedDetector(probabilities: readonly number[], takesMs = 0) {
  const asked: Int16Array[] = []
  const detector: Detector = {
    ...noDetector,
    async ask(samples, signal) {
      asked.push(samples)
      const probability = probabilities[Math.min(asked.length, probabilities.length) - 1] ?? 0
      if (takesMs > 0) await sleep(takesMs, signal)
      return { probability, inferenceMs: takesMs }
    },
  }
  return { detector, asked }
}
