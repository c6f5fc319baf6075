import type { ComparisonStatus } from '../../server/protocol/comparisons.ts'
import { isOver } from '../../server/shared/comparisons.ts'
import { el } from '../dom.ts'
import { clockTime } from '../figures.ts'
import { requestInWords } from './comparisonRequest.ts'

/** All runs, as links to their reports. */
export function runsList(runs: readonly ComparisonStatus[]): HTMLElement {
  return el('ul', { class: 'runs' }, ...runs.map(item))
}

function item(run: ComparisonStatus): HTMLElement {
  const { id, state, startedAt, request, sentence, error, progress, replicaId } = run
  const running = progress === null ? '' : `${progress.phase}: ${progress.what}`
  return el(
    'li',
    { class: state },
    el('a', { href: `#/comparisons/${id}` }, clockTime(startedAt)),
    el('span', { class: 'state' }, state),
    el(
      'span',
      { class: 'soft' },
      requestInWords(request),
      replicaId === undefined ? '' : `, on ${replicaId}`,
    ),
    el('p', isOver(run) ? (sentence ?? error?.message ?? 'No recommendation.') : running),
  )
}
