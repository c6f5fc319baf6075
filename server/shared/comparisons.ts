import type { ComparisonState } from '../protocol/comparisons.ts'

/** It has ended, in whatever way; it may be gone on with. */
export const isOver = ({ state }: { state: ComparisonState }) => state !== 'queued' && state !== 'running'
