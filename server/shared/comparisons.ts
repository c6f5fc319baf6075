import type { ComparisonProgress, ComparisonState } from '../protocol/comparisons.ts'

/** It has ended, in whatever way; it may be gone on with. */
export const isOver = ({ state }: { state: ComparisonState }) => state !== 'queued' && state !== 'running'

/** How much of a run is done, 0 to 1: by its time, by its steps where nobody knows how long the rest takes; null before there are any. */
export function shareDone({
  doneSteps,
  totalSteps,
  elapsedMs,
  remainingMs,
}: ComparisonProgress): number | null {
  if (totalSteps === 0) return null
  return remainingMs === null ? doneSteps / totalSteps : elapsedMs / Math.max(1, elapsedMs + remainingMs)
}
