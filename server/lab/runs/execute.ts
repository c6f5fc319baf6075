import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ComparisonProgress } from '../../protocol/comparisons.ts'
import type { TurnsUnderWay } from '../../session/underWay.ts'
import { made, type Phase, type Step, type Unit } from '../measuring/step.ts'
import type { Failure, Observation } from '../observations.ts'
import { createBudget } from './budget.ts'
import { type Calm, whenCalm } from './calm.ts'
import type { Mark, RunFiles } from './files.ts'

export type Execution = {
  phases: readonly Phase[]
  files: Pick<RunFiles, 'add'>
  /** Of an earlier part of the run; empty for a new one. */
  recovered: { observations: Observation[]; marks: Mark[] }
  budgetMs: number | null
  /** Milliseconds of the whole run so far, earlier parts included. */
  elapsedMs(): number
  underWay: TurnsUnderWay
  progress(progress: ComparisonProgress): void
  log: Log
  signal: AbortSignal
}

/** A live session that never pauses must not hold a run up for ever: what was disturbed so often is kept as disturbed. */
const MAX_REPEATS = 5
/** An arm that fails so often in a row is given up. */
const MAX_FAILURES = 4

type MakeFailure = (what: string, why: string, code: string) => Failure
type Progress = { phase: Phase; units: Unit[]; next: number }

/**
 * Does the units of all phases in order, as far as the budget goes, and writes down what they observe. A step that fails is tried
 * once more and written down; an arm that is gone, or fails again and again, is left out from then on.
 * @throws the signal's reason, and `internal` when nothing can be written any more
 */
export async function execute(execution: Execution): Promise<void> {
  const { phases, files, recovered, elapsedMs, underWay, signal } = execution
  const observed = [...recovered.observations]
  const done = new Set(recovered.marks.map(mark => mark.step))
  const budget = createBudget(execution.budgetMs, elapsedMs)
  const gone = new Set<string>()
  const failuresInARow = new Map<string, number>()
  const begun: Progress[] = []
  let doneSteps = 0

  async function write(lines: Observation[], mark?: Omit<Mark, 'observationBytes'>): Promise<void> {
    await files.add(lines, mark)
    observed.push(...lines)
  }

  function tell(phase: Phase, what: string): void {
    const totalSteps = begun.flatMap(({ units }) => units).reduce((sum, unit) => sum + unit.steps.length, 0)
    const elapsed = elapsedMs()
    const estimateMs = doneSteps === 0 ? null : (elapsed / doneSteps) * (totalSteps - doneSteps)
    const leftMs = budget.leftMs()
    const remainingMs = leftMs === null ? estimateMs : Math.max(0, Math.min(leftMs, estimateMs ?? leftMs))
    execution.progress({ phase: phase.name, what, doneSteps, totalSteps, elapsedMs: elapsed, remainingMs })
  }

  async function attempt(step: Step): Promise<Calm<Observation[]> | QuantvoxError> {
    try {
      return await whenCalm(underWay, calm => step.measure(calm), signal)
    } catch (error) {
      signal.throwIfAborted()
      execution.log.warn({ err: error, arm: step.arm, what: step.what }, 'a step of a comparison failed')
      return toQuantvoxError(error)
    }
  }

  async function runStep(step: Step, key: string, phase: Phase): Promise<void> {
    const { side, arm, noise, what } = step
    const startedAt = performance.now()
    const mark = () => {
      const ms = performance.now() - startedAt
      return { step: key, phase: phase.what, ms, elapsedMs: elapsedMs() }
    }
    const failure = (whatFailed: string, why: string, code: string): Failure => {
      return { kind: 'failure', ...made(noise), side, arm, what: whatFailed, why, code }
    }
    let [failures, repeats] = [0, 0]
    for (;;) {
      const outcome = await attempt(step)
      if (outcome instanceof QuantvoxError) {
        const lines = [failure(what, outcome.line, outcome.code), ...leaveOut(step, outcome, failure)]
        failures++
        const isOver = failures > 1 || gone.has(arm ?? '')
        await write(lines, isOver ? mark() : undefined)
        if (isOver) return
        continue
      }
      const { disturbed, value } = outcome
      const lines = (value ?? []).map(line => ('disturbed' in line ? { ...line, disturbed } : line))
      if (value === null) lines.push({ ...failure(what, 'A live turn came first.', 'disturbed'), disturbed })
      else failuresInARow.delete(arm ?? '')
      const isOver = !disturbed || ++repeats > MAX_REPEATS
      await write(lines, isOver ? mark() : undefined)
      if (isOver) return
    }
  }

  /** Counts what fails of an arm; says so where nothing more is asked of it. */
  function leaveOut({ arm }: Step, { code }: QuantvoxError, failure: MakeFailure): Failure[] {
    if (arm === null) return []
    const inARow = (failuresInARow.get(arm) ?? 0) + 1
    failuresInARow.set(arm, inARow)
    const isMissing = code === 'model_not_found'
    if (!isMissing && inARow < MAX_FAILURES) return []
    gone.add(arm)
    const why = isMissing ? 'It is no longer there.' : `It failed ${inARow} times in a row.`
    return [failure(`everything else of ${arm}`, why, code)]
  }

  /** False where the budget ended in it. */
  async function runUnit(unit: Unit, phase: Phase, isFirst: boolean): Promise<boolean> {
    const startedAt = performance.now()
    let worked = false
    for (const [index, step] of unit.steps.entries()) {
      signal.throwIfAborted()
      const key = `${unit.id} #${index}`
      tell(phase, step.what)
      // A unit that takes far longer than those before it must not run past the end; the first one is what every arm must have.
      if (worked && !isFirst && (budget.leftMs() ?? 1) <= 0) return false
      if (!done.has(key) && !gone.has(step.arm ?? '')) {
        worked = true
        await runStep(step, key, phase)
        done.add(key)
      }
      doneSteps++
    }
    if (worked) budget.spent(phase, performance.now() - startedAt)
    return true
  }

  for (const [index, phase] of phases.entries()) {
    signal.throwIfAborted()
    budget.begin(phase, phases.slice(index + 1))
    const progress: Progress = { phase, units: await phase.units(observed, signal), next: 0 }
    begun.push(progress)
    await runWhile(progress, 'first')
    await phase.end?.()
  }
  for (const progress of begun) {
    await runWhile(progress, 'rest')
    await progress.phase.end?.()
  }
  const cuts = begun.filter(({ next, units }) => next < units.length)
  await write(cuts.map(progress => ({ kind: 'cut', what: cutText(progress) })))

  async function runWhile(progress: Progress, pass: 'first' | 'rest'): Promise<void> {
    const { phase, units } = progress
    for (; progress.next < units.length; progress.next++) {
      const unit = units[progress.next]
      if (unit === undefined) return
      const isDone = unit.steps.every((_, index) => done.has(`${unit.id} #${index}`))
      if (!isDone && !budget.allows(phase, pass)) return
      if (!(await runUnit(unit, phase, progress.next === 0))) return
    }
  }
}

function cutText({ phase, units, next }: Progress): string {
  const left = units.length - next
  return `${phase.what}: ${left} of ${units.length} blocks, from "${units[next]?.what ?? ''}" on`
}
