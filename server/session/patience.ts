import { within } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'

/** How long a client waits for models that must be fetched, built or loaded first; the fetching goes on without it. */
const PATIENCE_MS = 10_000

/** `work`, or `model_loading` when it takes longer than a client should be kept waiting for. */
export function withinPatience<T>(work: Promise<T>): Promise<T> {
  return within(work, PATIENCE_MS, () => {
    throw stillLoading()
  })
}

export function stillLoading(): QuantvoxError {
  return new QuantvoxError('model_loading', 'The models for this are still being fetched or loaded.', {
    meaning: 'Nothing is wrong; it takes its time once.',
    mend: 'Try again in a moment; /readyz says when the server is ready.',
    retryAfterSeconds: 10,
  })
}
