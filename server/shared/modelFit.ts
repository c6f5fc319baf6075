/** What Ollama's runner holds of a small model beside its weights with a context window of 4096 tokens: 130 to 190 MB (135M to 1.5B, measured). */
const LANGUAGE_BUFFERS_BYTES = 200e6
/** The server with a voice, and the recognizer (docs/operations.md, "Sizing"). */
const REST_BYTES = 750e6

/** Memory that a language model takes when it is loaded, by the size of its weights. */
export const languageModelBytes = (sizeBytes: number): number => sizeBytes + LANGUAGE_BUFFERS_BYTES

/** Whether it fits beside the rest of the server. */
export const fitsMemory = (sizeBytes: number, memoryBytes: number): boolean =>
  languageModelBytes(sizeBytes) + REST_BYTES <= memoryBytes
