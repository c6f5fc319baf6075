import type { LanguageModel } from '../protocol/models.ts'

/** What is known of a model before it is asked. */
export type Before = Pick<LanguageModel, 'loaded' | 'contextTokens' | 'remote'>

/**
 * Ollama's `load_duration` is never 0: with a loaded model it is what its scheduler and the template take, tens of milliseconds on a
 * usual machine. Longer than this is a load, where nothing else is known of the model.
 */
const LEVEL_MS = { usual: 250, most: 2000 }
/** Of the times with a loaded model, whose least is what it takes without a load. */
const KEPT_TIMES = 9
const ENOUGH_TIMES = 3
/** A load takes many times longer than none, also where a machine is busy. */
const TIMES_LONGER = 4

export type Coldness = {
  /** Whether the model is loaded with another context window, or not at all, so that the next answer should load it. */
  expected(before: Before): boolean
  /** Whether an answer of `model` paid for a load. @param loadMs as Ollama told it; null where it did not */
  paid(model: string, before: Before, loadMs: number | null): boolean
  /** The same behind a router, where what was loaded before may be another host's: by its time alone, null without one. */
  paidAt(host: string, model: string, loadMs: number | null): boolean | null
}

/** @param contextTokens the context window that is asked for: another than the loaded one has Ollama load the model again */
export function createColdness(contextTokens: number): Coldness {
  const times = new Map<string, number[]>()
  /** The least of those that were surely loads, since the model was not there before. */
  const loads = new Map<string, number>()
  // Ollama takes a window that is longer than the model's own as that.
  const isOurs = ({ contextTokens: has }: Before) => has === null || has <= contextTokens
  // One that runs elsewhere is never among the loaded ones.
  const expected = (before: Before) => before.remote === null && !(before.loaded && isOurs(before))

  /** Others may load a model with our window and other options each time, which nothing tells before: what takes as long as a load is one. */
  const sureLevelOf = (model: string) =>
    Math.max(LEVEL_MS.usual, (loads.get(model) ?? Number.POSITIVE_INFINITY) / 2)

  function levelOf(model: string): number {
    const known = times.get(model) ?? []
    if (known.length < ENOUGH_TIMES) return LEVEL_MS.usual
    const own = Math.min(LEVEL_MS.most, Math.max(LEVEL_MS.usual, Math.min(...known) * TIMES_LONGER))
    return Math.min(own, sureLevelOf(model))
  }

  const learn = (model: string, loadMs: number) =>
    void times.set(model, [...(times.get(model) ?? []), loadMs].slice(-KEPT_TIMES))

  return {
    expected,
    paid(model, before, loadMs) {
      const isExpected = expected(before)
      if (loadMs === null) return isExpected
      const level = isExpected ? levelOf(model) / 2 : levelOf(model)
      if (isExpected && loadMs > level)
        loads.set(model, Math.min(loadMs, loads.get(model) ?? Number.POSITIVE_INFINITY))
      // Only with the window told is it known that nothing was to be loaded.
      if (before.loaded && before.contextTokens === contextTokens && loadMs <= sureLevelOf(model))
        learn(model, loadMs)
      return loadMs > level
    },
    paidAt(host, model, loadMs) {
      if (loadMs === null) return null
      const key = `${host} ${model}`
      const isLoad = loadMs > levelOf(key)
      if (!isLoad) learn(key, loadMs)
      return isLoad
    },
  }
}
