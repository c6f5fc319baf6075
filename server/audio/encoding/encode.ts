/** Hertz of all spoken audio that is sent encoded, mono: what OpenAI's clients take raw PCM to have. */
export const ENCODED_RATE = 24_000

/** Makes bytes of mono samples at ENCODED_RATE, as they come; who leaves the bytes ends its work. */
export type Encode = (samples: AsyncIterable<Int16Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>
