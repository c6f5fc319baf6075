import { QuantvoxError } from '../errors.ts'

/** How long a client waits for models that must be fetched, built or loaded first; the fetching goes on without it. */
const PATIENCE_MS = 10_000

/** `work`, or `model_loading` when it takes longer than a client should be kept waiting for. */
export async function withinPatience<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(
      new QuantvoxError('model_loading', 'The models for this are still being fetched or loaded.', {
        meaning: 'Nothing is wrong; it takes its time once.',
        mend: 'Try again in a moment; /readyz says when the server is ready.',
        retryAfterSeconds: 10,
      }),
    )
  }, PATIENCE_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
