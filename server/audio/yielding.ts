import { setImmediate } from 'node:timers/promises'

/** Longest stretch of work before other work of the event loop gets its turn. */
const stretchMs = 1
/** Bytes or samples that are surely handled well within a stretch. */
const pieceBytes = 32_768

/**
 * Call the result between small pieces of work: it gives way to the event loop when a stretch was long enough,
 * and throws the signal's reason once it is aborted.
 */
export function createBreather(signal: AbortSignal): () => Promise<void> {
  let started = performance.now()
  return async () => {
    signal.throwIfAborted()
    if (performance.now() - started < stretchMs) return
    await setImmediate()
    started = performance.now()
    signal.throwIfAborted()
  }
}

/** The same bytes in small pieces, so that a large chunk is no long stretch of work. */
export function* smallPieces(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    yield bytes.subarray(offset, offset + pieceBytes)
  }
}
