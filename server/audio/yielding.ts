import { setImmediate } from 'node:timers/promises'

/** Longest stretch of work before other work of the event loop gets its turn. */
const STRETCH_MS = 1
/** Bytes or samples that are surely handled well within a stretch. */
const PIECE_BYTES = 32_768

/**
 * Call the result between small pieces of work: it gives way to the event loop when a stretch was long enough,
 * and throws the signal's reason once it is aborted.
 */
export function createBreather(signal: AbortSignal): () => Promise<void> {
  let started = performance.now()
  return async () => {
    signal.throwIfAborted()
    if (performance.now() - started < STRETCH_MS) return
    await setImmediate()
    started = performance.now()
    signal.throwIfAborted()
  }
}

/** The same bytes in small pieces, so that a large chunk is no long stretch of work. */
export function* smallPieces(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
    yield bytes.subarray(offset, offset + PIECE_BYTES)
  }
}
