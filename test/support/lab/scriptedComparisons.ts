import { QuantvoxError } from '../../../server/errors.ts'
import type { SharedComparisons } from '../../../server/lab/runs/sharedRuns.ts'
import type {
  ComparisonProgress,
  ComparisonRequest,
  ComparisonState,
  ComparisonStatus,
} from '../../../server/protocol/comparisons.ts'
import { isOver } from '../../../server/shared/comparisons.ts'
import { makeComparisonResult } from './comparisonResult.ts'

/** A lab that measures nothing: its runs go on when a test says so. */
export type ScriptedComparisons = SharedComparisons & {
  runs: ComparisonStatus[]
  asked: ComparisonRequest[]
  refuse: QuantvoxError | null
  /** Of the newest run. */
  progress(doneSteps: number): void
  end(state: ComparisonState): void
}

export function comparison(id: string, change: Partial<ComparisonStatus> = {}): ComparisonStatus {
  return {
    ...{ id, state: 'running', startedAt: '2026-11-25T09:00:00.000Z', finishedAt: null },
    ...{ request: {}, progress: null, sentence: null, error: null },
    ...change,
  }
}

export function createScriptedComparisons(): ScriptedComparisons {
  const runs: ComparisonStatus[] = []
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  const find = (id: string) => {
    const run = runs.find(each => each.id === id)
    if (run === undefined) throw new QuantvoxError('not_found', `There is no comparison ${id}.`)
    return run
  }
  const newest = () => {
    const run = runs[0]
    if (run === undefined) throw new Error('nothing was started')
    return run
  }

  return {
    runs,
    asked: [],
    refuse: null,
    progress(doneSteps) {
      const progress: ComparisonProgress = {
        ...{ phase: 'speech', what: `clip ${doneSteps}`, doneSteps, totalSteps: 40 },
        ...{ elapsedMs: 60_000, remainingMs: 180_000 },
      }
      Object.assign(newest(), { state: 'running', progress })
      change()
    },
    end(state) {
      newest().state = state
      change()
    },
    async create(request) {
      if (this.refuse !== null) throw this.refuse
      this.asked.push(request)
      const run = comparison(`run-${this.asked.length}`, { state: 'queued', request })
      runs.unshift(run)
      return run
    },
    async resume(id) {
      const run = find(id)
      Object.assign(run, { state: 'queued', error: null })
      return run
    },
    list: async () => ({ items: [...runs] }),
    status: async id => find(id),
    result: async id => makeComparisonResult(find(id).id),
    async *follow(id, signal) {
      const run = find(id)
      for (;;) {
        const next = changed.promise
        if (isOver(run)) break
        if (run.progress !== null) yield { event: 'progress', data: { ...run.progress } }
        await Promise.race([
          next,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ])
      }
      yield { event: 'done', data: { id, state: run.state } }
    },
    async remove(id) {
      const run = find(id)
      if (isOver(run)) runs.splice(runs.indexOf(run), 1)
      else run.state = 'cancelled'
      change()
    },
    async stop() {},
  }
}
