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

/** How fast weights are read when a reply is generated: every token takes all of them. */
export type WeightsRate = {
  bytesPerSecond: number
  /** The tag whose speed it is of; null for the memory's bandwidth, which no model exceeds. */
  from: string | null
}

/** What is to be expected of a model, by the size of its weights. */
export function fitOf(
  sizeBytes: number,
  memoryBytes: number,
  { bytesPerSecond, from }: WeightsRate,
): ModelFit {
  return {
    neededBytes: languageModelBytes(sizeBytes),
    fits: fitsMemory(sizeBytes, memoryBytes),
    tokensPerSecond: bytesPerSecond / sizeBytes,
    tokensPerSecondFrom: from,
  }
}
