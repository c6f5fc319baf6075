import type { LanguageModel } from '../protocol/models.ts'
import { median } from '../shared/quantiles.ts'

/** What is known of a model before it is asked. */
export type Before = Pick<LanguageModel, 'loaded' | 'contextTokens' | 'remote'>

/**
 * Ollama's `load_duration` is never 0: with a loaded model it is what its scheduler and the template take, tens of milliseconds on a
 * usual machine. Longer than this is a load, where nothing is known yet of the model.
 */
const USUAL_LEVEL_MS = 250
/** Of the times with a loaded model, whose median is its own usual one. */
const KEPT_TIMES = 9
const ENOUGH_TIMES = 3
/** A load takes many times longer than none, also where a machine is busy. */
const TIMES_LONGER = 4
const LEVEL_MS = { least: 150, most: 2000 }

export type Coldness = {
  /** Whether the model is loaded with another context window, or not at all, so that the next answer should load it. */
  expected(before: Before): boolean
  /** Whether an answer of `model` paid for a load. @param loadMs as Ollama told it; null where it did not */
  paid(model: string, before: Before, loadMs: number | null): boolean
}

/** @param contextTokens the context window that is asked for: another than the loaded one has Ollama load the model again */
export function createColdness(contextTokens: number): Coldness {
  const times = new Map<string, number[]>()
  // Ollama takes a window that is longer than the model's own as that.
  const isOurs = ({ contextTokens: has }: Before) => has === null || has <= contextTokens
  // One that runs elsewhere is never among the loaded ones.
  const expected = (before: Before) => before.remote === null && !(before.loaded && isOurs(before))

  function levelOf(model: string): number {
    const known = times.get(model) ?? []
    if (known.length < ENOUGH_TIMES) return USUAL_LEVEL_MS
    return Math.min(LEVEL_MS.most, Math.max(LEVEL_MS.least, median(known) * TIMES_LONGER))
  }

  return {
    expected,
    paid(model, before, loadMs) {
      const isExpected = expected(before)
      if (loadMs === null) return isExpected
      const level = levelOf(model)
      // Only with the window told is it known that nothing was to be loaded.
      if (before.loaded && before.contextTokens === contextTokens)
        times.set(model, [...(times.get(model) ?? []), loadMs].slice(-KEPT_TIMES))
      return loadMs > (isExpected ? level / 2 : level)
    },
  }
}
