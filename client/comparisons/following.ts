import type { ComparisonEvent, ComparisonProgress } from '../../server/protocol/comparisons.ts'
import type { Api } from '../api.ts'

/** Who follows a run over a line that breaks asks again after this time. */
const AGAIN_AFTER_MS = 2_000

/**
 * Tells how far a run is until it ends. A line that breaks is taken up again, so it resolves only when the run is over or
 * `signal` aborts; how it ended is in its status. Rejects where the server knows no such run.
 */
export async function followRun(
  api: Api,
  id: string,
  tell: (progress: ComparisonProgress) => void,
  signal: AbortSignal,
  againAfterMs = AGAIN_AFTER_MS,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of api.events(`/v1/comparisons/${id}/events`, { signal })) {
        const { event: name, data } = event as ComparisonEvent
        if (name !== 'progress') return
        tell(data)
      }
    } catch (error) {
      if (signal.aborted) return
      if ((error as { code?: string }).code === 'not_found') throw error
    }
    await new Promise(resolve => setTimeout(resolve, againAfterMs))
  }
}
