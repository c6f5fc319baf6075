import type { ModelFit } from '../protocol/models.ts'

/** What Ollama's runner holds of a small model beside its weights with a context window of 4096 tokens: 130 to 190 MB (135M to 1.5B, measured). */
const LANGUAGE_BUFFERS_BYTES = 200e6
/** The server with a voice, and the recognizer (docs/operations.md, "Sizing"). */
const REST_BYTES = 750e6

/** Memory that a language model takes when it is loaded, by the size of its weights. */
export const languageModelBytes = (sizeBytes: number): number => sizeBytes + LANGUAGE_BUFFERS_BYTES

/** Whether it fits beside the rest of the server. */
export const fitsMemory = (sizeBytes: number, memoryBytes: number): boolean =>
  languageModelBytes(sizeBytes) + REST_BYTES <= memoryBytes

/** A model whose replies were timed on this processor. */
export type MeasuredModel = { tag: string; sizeBytes: number; tokensPerSecond: number }

/** What is known of how fast weights are read here when a reply is generated: every token takes all of them. */
export type SpeedsHere = {
  measured: readonly MeasuredModel[]
  /** Of the memory, which no model exceeds; null where models were measured. */
  bandwidthBytesPerSecond: number | null
}

/**
 * What is to be expected of a model, by its own speed where that was measured, else by the size of its weights: a larger model reads
 * its weights at least as fast as a smaller one that was measured, of which the rest of the work is a larger part.
 */
export function fitOf(
  name: string,
  sizeBytes: number,
  memoryBytes: number,
  { measured, bandwidthBytesPerSecond }: SpeedsHere,
): ModelFit {
  const distance = (model: MeasuredModel) => Math.abs(Math.log(model.sizeBytes / sizeBytes))
  const own = measured.find(({ tag }) => tag === name)
  const nearest = own ?? measured.toSorted((a, b) => distance(a) - distance(b))[0]
  const bytesPerSecond = nearest
    ? nearest.tokensPerSecond * nearest.sizeBytes
    : (bandwidthBytesPerSecond ?? Number.NaN)
  return {
    neededBytes: languageModelBytes(sizeBytes),
    fits: fitsMemory(sizeBytes, memoryBytes),
    tokensPerSecond: own ? own.tokensPerSecond : bytesPerSecond / sizeBytes,
    tokensPerSecondIs: own ? 'measured' : boundBy(nearest, sizeBytes),
    tokensPerSecondFrom: nearest?.tag ?? null,
  }
}

/** A smaller one may be faster or slower than its size says: its levels differ in work, too. */
function boundBy(nearest: MeasuredModel | undefined, sizeBytes: number): ModelFit['tokensPerSecondIs'] {
  if (nearest === undefined) return 'at-most'
  return nearest.sizeBytes < sizeBytes ? 'at-least' : 'about'
}
